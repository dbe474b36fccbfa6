import { Executor, type ExecutorState } from '@muster/contracts';
import { CHANGES_A_MINUTE, nothingToldOf, tellExecutors, type ToldExecutors } from './executor-teller.js';

const nodeId = '7d8cf3ad-6f2f-4b6a-9a5e-2f8f1f6f3c11';
const at = '2026-11-23T12:00:00.000Z';
const executor = (state: ExecutorState, words?: string): Executor =>
  Executor.parse({
    executorId: 'e1',
    model: 'llama',
    state,
    slots: 1,
    inFlight: 0,
    queued: 0,
    ...(words && { words }),
  });

/** What is told while an executor goes through these states, a second apart. */
function through(told: ToldExecutors, ...states: (Executor | undefined)[]) {
  const facts = states.flatMap((state, n) => {
    const next = tellExecutors(told, { nodeId, executors: state ? [state] : [], at, nowMs: n * 1_000 });
    told = next.told;
    return next.facts;
  });
  return facts.map(({ data }) => ({
    ...data,
    nodeId: undefined,
    at: undefined,
    executorId: undefined,
    model: undefined,
  }));
}

describe('what is told of executors', () => {
  it('is that one came online, went offline and failed, without the way there', () => {
    const states = (['offline', 'starting', 'online', 'stopping', 'offline', 'starting', 'failed'] as const).map(
      (state) => executor(state),
    );
    expect(through(nothingToldOf([], false), ...states)).toEqual([
      { from: 'offline', to: 'online' },
      { from: 'online', to: 'offline' },
      { from: 'offline', to: 'failed' },
    ]);
  });

  it('is that a run ended by itself, with the reason', () => {
    const crashed = executor('starting', 'Ended by SIGKILL, started anew');
    expect(through(nothingToldOf([executor('online')], true), crashed, executor('online'))).toEqual([
      { from: 'online', to: 'starting', words: 'Ended by SIGKILL, started anew' },
      { from: 'starting', to: 'online' },
    ]);
  });

  it('is nothing when a monitor takes over what runs, and what runs when the node is new', () => {
    expect(through(nothingToldOf([], true), executor('online'), executor('failed'))).toEqual([
      { from: 'online', to: 'failed' },
    ]);
    expect(through(nothingToldOf([], false), executor('online'))).toEqual([{ to: 'online' }]);
  });

  it('is that one is no longer there', () => {
    expect(through(nothingToldOf([executor('online')], true), undefined, undefined)).toEqual([
      { from: 'online', to: 'offline', words: 'It is no longer there' },
    ]);
  });

  it('is no more than twelve changes a minute, and then how many were left out', () => {
    const wild = Array.from({ length: 60 }, (_, n) => executor(n % 2 === 0 ? 'online' : 'failed'));
    expect(through(nothingToldOf([], false), ...wild)).toHaveLength(CHANGES_A_MINUTE);
    const later = [...wild, executor('online')];
    const [last] = through(nothingToldOf([], false), ...later).slice(-1);
    expect(last).toMatchObject({ to: 'online', leftOut: 60 - CHANGES_A_MINUTE });
  });
});
