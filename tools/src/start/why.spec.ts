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

  it('is what a stack trace begins with, whatever it is called, and never a line of it', () => {
    const trace = [
      '    at open (file:///muster/error.js:1:1)',
      '    at async Injector.resolve (file:///muster/i.js:2:2)',
    ];
    expect(whyItEnded(['AggregateError [ECONNREFUSED]: ', ...trace])).toBe('AggregateError [ECONNREFUSED]:');
    expect(whyItEnded(['ConsumerNotFound: consumer not found', ...trace])).toBe('ConsumerNotFound: consumer not found');
    expect(whyItEnded(['Error: it failed', ...trace, '  [cause]: TypeError: x is no function', ...trace, '}'])).toBe(
      '[cause]: TypeError: x is no function',
    );
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
