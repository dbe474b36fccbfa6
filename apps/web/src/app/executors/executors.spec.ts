import { Executor, executorDefaults, ExecutorParameters, type Model } from '@muster/contracts';
import { onlineWords, rowsOf } from './executor-rows.js';
import { actionsOf, wordsOf } from './executor-words.js';
import { changesBetween, parametersOf, textsOf } from './parameters-form.js';

const executor = (state: Executor['state'], more: Partial<Executor> = {}): Executor => ({
  ...Executor.parse({ executorId: 'e', modelId: 'a.gguf', model: 'a', state, slots: 2, inFlight: 0, queued: 0 }),
  ...more,
});
const model = (modelId: string, more: Partial<Model> = {}): Model => ({
  modelId,
  name: modelId.replace('.gguf', ''),
  source: 'file',
  kind: 'chat',
  ...more,
});

describe('an executor in words', () => {
  it.each([
    [executor('online'), 'green', 'Online', undefined],
    [executor('online', { asleep: true }), 'grey', 'Asleep', 'the next request wakes it'],
    [executor('online', { restarts: 2 }), 'green', 'Online', 'started again 2 times by itself'],
    [executor('starting', { progress: 0.61 }), 'amber', 'Starting', 'loading 61 %'],
    [executor('stopping', { inFlight: 1 }), 'amber', 'Stopping', '1 request to end'],
    [executor('offline'), 'grey', 'Offline', undefined],
    [
      executor('failed', { failure: { words: '3 crashes within ten minutes', exitCode: 134 } }),
      'red',
      'Failed',
      'exit code 134 · 3 crashes within ten minutes',
    ],
    [
      executor('failed', { failure: { words: 'killed', signal: 'SIGKILL' } }),
      'red',
      'Failed',
      'ended by SIGKILL · killed',
    ],
  ])('%#', (given, colour, words, detail) => {
    expect(wordsOf(given)).toEqual({ colour, words, ...(detail !== undefined && { detail }) });
  });

  it('can be ordered what its state allows', () => {
    expect(actionsOf(executor('online'))).toEqual(['stop']);
    expect(actionsOf(executor('online', { inFlight: 1, restartNeeded: true }))).toEqual([
      'restart',
      'stop',
      'cancel-requests',
    ]);
    expect(actionsOf(executor('starting'))).toEqual(['cancel-start']);
    expect(actionsOf(executor('failed'))).toEqual(['start-again', 'stop']);
    expect(actionsOf(executor('offline'))).toEqual(['start']);
  });

  it('that is not ours can be ordered nothing', () => {
    expect(actionsOf(executor('online', { managed: false, inFlight: 3 }))).toEqual([]);
  });
});

describe('the lines of the panel', () => {
  it('have those that run first and those that can not be used last', () => {
    const rows = rowsOf(
      [model('z.gguf'), model('b.gguf', { problem: 'broken' }), model('a.gguf'), model('c.gguf')],
      [executor('online'), executor('offline', { modelId: 'c.gguf', model: 'c' })],
    );
    expect(rows.map(({ name }) => name)).toEqual(['a', 'c', 'z', 'b']);
    expect(onlineWords(rows)).toBe('1 online of 3');
  });

  it('keep an executor whose file is gone, or whose node does not tell of models', () => {
    const rows = rowsOf([], [executor('online', { modelId: '', model: 'old' })]);
    expect(rows).toMatchObject([{ name: 'old', model: undefined }]);
  });
});

describe('the parameters in the form', () => {
  const shipped = ExecutorParameters.parse(executorDefaults);

  it('are the same when nothing was typed', () => {
    expect(parametersOf(textsOf(shipped))).toEqual(shipped);
    expect(changesBetween(shipped, shipped)).toEqual({});
  });

  it('name only what was changed', () => {
    const wanted = parametersOf({ ...textsOf(shipped), slots: '4', gpuLayers: '12' });
    expect(wanted && changesBetween(shipped, wanted)).toEqual({ slots: 4, gpuLayers: 12 });
  });

  it('are nothing while one of them is not as it must be', () => {
    for (const wrong of [{ slots: '0' }, { slots: 'two' }, { contextTokens: '' }, { threads: '-1' }])
      expect(parametersOf({ ...textsOf(shipped), ...wrong })).toBeUndefined();
  });
});
