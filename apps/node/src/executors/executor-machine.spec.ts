import fc from 'fast-check';
import {
  CRASH_WINDOW_MS,
  type ExecutorInput,
  type ExecutorMachine,
  offline,
  stepExecutor,
} from './executor-machine.js';

const killed = { words: 'It was ended by SIGKILL', signal: 'SIGKILL' };
const exit = (nowMs: number): ExecutorInput => ({ type: 'exited', failure: killed, nowMs });
const [start, stop, restart, ready, idle, wake] = (['start', 'stop', 'restart', 'ready', 'idle', 'wake'] as const).map(
  (type) => ({ type }),
) as [ExecutorInput, ExecutorInput, ExecutorInput, ExecutorInput, ExecutorInput, ExecutorInput];
const tick = (nowMs: number): ExecutorInput => ({ type: 'tick', nowMs });

/** The phases and actions that inputs lead to, one after the other. */
function through(...inputs: ExecutorInput[]): { phases: string[]; last: ExecutorMachine } {
  let machine = offline;
  const phases = inputs.map((input) => {
    const step = stepExecutor(machine, input);
    ({ machine } = step);
    return step.action === undefined ? machine.phase : `${machine.phase}, ${step.action}`;
  });
  return { phases, last: machine };
}

describe('an executor', () => {
  it('starts, is online, and stops when it is told to', () =>
    expect(through(start, ready, stop, exit(1)).phases).toEqual([
      'starting, launch',
      'online',
      'stopping, halt',
      'offline',
    ]));

  it('hears the same order twice as once', () =>
    expect(through(start, start, ready, start, stop, stop, exit(1), stop).phases).toEqual([
      'starting, launch',
      'starting',
      'online',
      'online',
      'stopping, halt',
      'stopping',
      'offline',
      'offline',
    ]));

  it('is started anew after a crash, with a wait, and fails at the third within ten minutes', () => {
    const { phases, last } = through(
      start,
      ready,
      exit(1_000),
      tick(1_100),
      tick(1_500),
      ready,
      exit(2_000),
      tick(6_999),
      tick(7_000),
      exit(8_000),
    );
    expect(phases).toEqual([
      'starting, launch',
      'online',
      'waiting',
      'waiting',
      'starting, launch',
      'online',
      'waiting',
      'waiting',
      'starting, launch',
      'failed',
    ]);
    expect(last).toMatchObject({
      restarts: 2,
      failure: { words: 'It was ended by SIGKILL, the third time within ten minutes', signal: 'SIGKILL' },
    });
  });

  it('forgets crashes that are older than ten minutes, and all of them when it is started by order', () => {
    const later = CRASH_WINDOW_MS + 10_000;
    expect(through(start, exit(0), tick(500), exit(5_000), tick(10_000), ready, exit(later)).last.phase).toBe(
      'waiting',
    );
    const again = through(start, exit(0), tick(500), exit(600), tick(5_600), exit(5_700), start, exit(5_800));
    expect(again.phases.slice(-3)).toEqual(['failed', 'starting, launch', 'waiting']);
    expect(again.last.restarts).toBe(1);
  });

  it('ends its process before it starts another, however orders come', () => {
    expect(through(start, ready, restart, exit(1)).phases.slice(-2)).toEqual(['stopping, halt', 'starting, launch']);
    expect(through(start, stop, start, exit(1)).phases.slice(-2)).toEqual(['stopping', 'starting, launch']);
    expect(through(start, restart, stop, exit(1)).phases.slice(-2)).toEqual(['stopping', 'offline']);
  });

  it('goes to sleep when it is idle and wakes with the next request, also on its way', () => {
    expect(through(start, ready, idle, exit(1), wake, ready).phases.slice(2)).toEqual([
      'stopping, halt',
      'asleep',
      'starting, launch',
      'online',
    ]);
    expect(through(start, ready, idle, wake, exit(1)).phases.slice(-2)).toEqual(['stopping', 'starting, launch']);
    expect(through(start, ready, idle, exit(1), stop, wake).phases.slice(-2)).toEqual(['offline', 'offline']);
  });

  it('waits for what is in the way, and starts when it is gone', () => {
    const blocked: ExecutorInput = { type: 'blocked', words: 'The engine is being installed', hopeless: false };
    expect(through(start, blocked, { type: 'unblocked' }, ready).phases).toEqual([
      'starting, launch',
      'blocked',
      'starting, launch',
      'online',
    ]);
    expect(through(start, blocked, stop, { type: 'unblocked' }).phases.slice(-2)).toEqual(['offline', 'offline']);
  });

  it('never has two processes, and halts none that is not there, whatever happens in whatever order', () => {
    const input = fc.oneof(
      fc.constantFrom<ExecutorInput>(start, stop, restart, ready, idle, wake, { type: 'unblocked' }),
      fc.nat(2_000_000).map(tick),
      fc.nat(2_000_000).map(exit),
    );
    fc.assert(
      fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
        let machine = offline;
        let processes = 0;
        for (const each of inputs) {
          // Only a process that is there can become ready, or end.
          if ((each.type === 'exited' || each.type === 'ready') && processes === 0) continue;
          if (each.type === 'exited') processes -= 1;
          const step = stepExecutor(machine, each);
          ({ machine } = step);
          if (step.action === 'launch') processes += 1;
          if (step.action === 'halt') expect(processes).toBe(1);
          expect(processes).toBeLessThanOrEqual(1);
          const has = ['starting', 'online', 'stopping'].includes(machine.phase);
          expect(processes).toBe(has ? 1 : 0);
        }
      }),
    );
  });
});
