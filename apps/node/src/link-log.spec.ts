import { LogBuffer } from '@muster/node-link';
import { linkLog } from './link-log.js';
import { Log } from './log.js';

describe('what happens at the port', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const told = () => {
    const lines: string[] = [];
    const log = new Log(
      new LogBuffer(),
      ({ level, message }) => lines.push(`${level}: ${message}`),
      () => '',
    );
    return { lines, tell: linkLog(log) };
  };

  it('is told line by line', () => {
    const { lines, tell } = told();
    tell({ type: 'linked', peer: '10.0.0.1', keyId: '00c0ffee', links: 1 });
    tell({ type: 'ended', peer: '10.0.0.1', how: 'goodbye', links: 0 });
    tell({ type: 'ended', peer: '10.0.0.1', how: 'protocol', links: 0 });
    tell({ type: 'refused', peer: '10.0.0.2', reason: 'key' });
    expect(lines).toEqual([
      'info: Linked with 10.0.0.1, key 00c0ffee',
      'info: Link with 10.0.0.1 ended: goodbye',
      'warning: Link with 10.0.0.1 ended: protocol',
      'warning: Refused 10.0.0.2: key',
    ]);
  });

  it('does not let strangers fill the log, and counts those it leaves out', () => {
    const { lines, tell } = told();
    for (let n = 0; n < 1_000; n += 1) tell({ type: 'refused', peer: '10.0.0.2', reason: 'late' });
    expect(lines).toHaveLength(20);
    jest.advanceTimersByTime(60_000);
    expect(lines.at(-1)).toBe('warning: Refused 980 more within a minute');
    tell({ type: 'refused', peer: '10.0.0.2', reason: 'late' });
    expect(lines).toHaveLength(22);
  });
});
