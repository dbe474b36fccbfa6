import { newTraceparent } from './traceparent';

describe('the trace that an order begins', () => {
  it('is named by random ids in the form of W3C Trace Context', () => {
    const name = () => newTraceparent((bytes) => void crypto.getRandomValues(bytes));
    expect(name()).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(name()).not.toBe(name());
  });

  it('is never named by zeros alone', () => {
    const zeros = newTraceparent(() => undefined);
    expect(zeros).not.toContain('0'.repeat(32));
    expect(zeros).toMatch(/^00-01(?:00){15}-01(?:00){7}-01$/);
  });
});
