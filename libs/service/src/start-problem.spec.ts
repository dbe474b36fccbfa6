import { StreamDrift } from '@muster/bus';
import { NewerDatabase, Outage } from '@muster/contracts';
import { ConfigProblem } from './config.js';
import { exitCode, startProblem } from './start-problem.js';

describe('a service that can not start', () => {
  it.each([
    [new ConfigProblem('PORT: must be a number'), 78],
    [new StreamDrift('FLEET', 'storage', 'file', 'memory'), 78],
    [new NewerDatabase('registry', ['Later1767000000000']), 78],
    [new Outage('bus', 'No NATS server answers at 127.0.0.1:4222'), 69],
    [new TypeError('a bug'), 1],
    ['odd', 1],
  ])('%s ends with its own code', (error, code) => {
    expect(exitCode(error)).toBe(code);
  });

  it('tells in its own words what is to be changed or waited for, and a bug with its stack', () => {
    expect(startProblem(new ConfigProblem('PORT: must be a number'))).toBe('PORT: must be a number');
    expect(startProblem(new NewerDatabase('registry', ['Later1767000000000']))).toBe(
      'The database is newer than this release: the tables of registry were changed by Later1767000000000, which it does not know. ' +
        'Start the release that did it, or a newer one, or restore the backup from before the upgrade. Nothing was changed.',
    );
    const bug = startProblem(
      new TypeError('a bug', { cause: Object.assign(new Error('where it came from'), { parameters: ['secret'] }) }),
    );
    expect(bug).toMatch(/^TypeError: a bug\n +at /);
    expect(bug).toContain('\n[cause]: Error: where it came from\n');
    expect(bug).not.toContain('secret');
  });
});
