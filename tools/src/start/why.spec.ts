import { whyItEnded } from './why.js';

describe('why a part has ended', () => {
  it('is the newest error of its log, with its cause', () => {
    expect(
      whyItEnded([
        '{"level":30,"msg":"starting"}',
        '{"level":60,"msg":"Cannot start","err":{"message":"DATABASE_URL must be an address"}}',
        '{"level":30,"msg":"bye"}',
      ]),
    ).toBe('Cannot start: DATABASE_URL must be an address');
  });

  it('is a plain line of another program', () => {
    expect(whyItEnded(['LOG:  starting', 'FATAL:  could not create lock file', 'LOG:  shut down'])).toBe(
      'FATAL: could not create lock file',
    );
  });

  it('is a last word in plain text beside a log of JSON, wherever it stands', () => {
    expect(whyItEnded(['Port 8022 is taken.', '{"level":"info","message":"2 cores"}'])).toBe('Port 8022 is taken.');
  });

  it('is the last line when none tells of an error, and nothing when there is none', () => {
    expect(whyItEnded(['one', 'two'])).toBe('two');
    expect(whyItEnded([])).toBeUndefined();
  });

  it('stays one short line', () => {
    expect(whyItEnded([`error ${'x'.repeat(1000)}`])).toHaveLength(300);
    expect(whyItEnded(['{broken json error'])).toBe('{broken json error');
  });
});
