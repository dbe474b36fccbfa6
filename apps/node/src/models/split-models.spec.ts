import type { ModelFile } from './model-files.js';
import { listModels, type Listed } from './list-models.js';
import { missingWords, type ModelSet, modelSets } from './split-models.js';
import { Stillness } from './stillness.js';

const file = (below: string, root = '/models', mark = '1'): ModelFile => ({
  path: `${root}/${below}`,
  below,
  sizeBytes: 100,
  changedAt: new Date('2026-11-23T12:00:00Z'),
  mark,
});
const only = (sets: ModelSet[]): ModelSet => {
  const [set] = sets;
  if (set === undefined || sets.length !== 1) throw new Error(`${sets.length} sets`);
  return set;
};

describe('the files of a model', () => {
  it('are one for a model in one file', () => {
    const set = only(modelSets([file('qwen/Q4.GGUF')]));
    expect(set).toMatchObject({ below: 'qwen/Q4.GGUF', name: 'Q4', parts: 1, missing: [] });
    expect(missingWords(set)).toBeUndefined();
  });

  it('are all parts of a split one, in their order', () => {
    const parts = ['big-00003-of-00003.gguf', 'big-00001-of-00003.gguf', 'big-00002-of-00003.gguf'];
    const set = only(modelSets(parts.map((name) => file(name))));
    expect(set.files.map(({ below }) => below)).toEqual([...parts].sort());
    expect(set).toMatchObject({ below: 'big-00001-of-00003.gguf', name: 'big', parts: 3, missing: [] });
  });

  it('lack parts that are told by number, and the model keeps the id that it will have', () => {
    const set = only(modelSets([file('a/big-00002-of-00009.gguf')]));
    expect(set).toMatchObject({ below: 'a/big-00001-of-00009.gguf', missing: [1, 3, 4, 5, 6, 7, 8, 9] });
    expect(missingWords(set)).toBe('1 of 9 parts are there; missing: 1, 3, 4, 5, 6 and 3 more.');
  });

  it('do not mix models of other names, counts or folders', () => {
    const names = ['big-00001-of-00002.gguf', 'big-00002-of-00003.gguf', 'bag-00002-of-00002.gguf'];
    expect(modelSets(names.map((name) => file(name)))).toHaveLength(3);
    expect(modelSets([file('big-00001-of-00002.gguf'), file('big-00002-of-00002.gguf', '/other')])).toHaveLength(2);
  });

  it.each(['x-00000-of-00002.gguf', 'x-00003-of-00002.gguf', 'x-00001-of-00001.gguf', 'x-1-of-2.gguf'])(
    'are one when only the name looks like a part: %s',
    (name) => expect(only(modelSets([file(name)]))).toMatchObject({ parts: 1, below: name }),
  );
});

describe('the list of models', () => {
  const listed = (below: string, root = '/models'): Listed => ({
    set: only(modelSets([file(below, root)])),
    read: { figures: { kind: 'chat', family: 'llama' } },
  });

  it('names a model by its path, and the second of the same path by its whole path', () => {
    const models = listModels([listed('a/x.gguf', '/one'), listed('a/x.gguf', '/two'), listed('b.gguf', '/two')]);
    expect(models.map(({ modelId, name }) => [modelId, name])).toEqual([
      ['a/x.gguf', 'x'],
      ['/two/a/x.gguf', 'x'],
      ['b.gguf', 'b'],
    ]);
  });

  it('tells why a model can not be used', () => {
    const set = only(modelSets([file('a.gguf')]));
    const split = only(modelSets([file('b-00001-of-00002.gguf')]));
    const figures = { figures: { kind: 'chat' as const } };
    expect(
      listModels([
        { set, read: undefined },
        { set: split, read: figures },
        { below: 'c.gguf', path: '/models/c.gguf', problem: 'The link leads nowhere.' },
      ]).map(({ problem, sizeBytes, parts }) => [problem, sizeBytes, parts]),
    ).toEqual([
      ['It is being written.', undefined, undefined],
      ['1 of 2 parts are there; missing: 2.', 100, 2],
      ['The link leads nowhere.', undefined, undefined],
    ]);
  });

  it('tells of a path only what can be shown', () => {
    const [hidden, long] = listModels([listed('evil\u202e.gguf'), listed(`${'x'.repeat(1_100)}.gguf`)]);
    expect(hidden).toMatchObject({
      modelId: 'evil<U+202E>.gguf',
      problem: expect.stringContaining('rename') as string,
    });
    expect(long?.problem).toContain('longer than 1024');
    expect(long?.modelId).toHaveLength(256);
    expect([hidden?.path, long?.path]).toEqual([undefined, undefined]);
  });
});

describe('whether a file is being written', () => {
  const soon = new Date('2026-11-23T12:00:05Z');
  const late = new Date('2026-11-23T12:05:00Z');

  it('shows in a second', () => {
    const stillness = new Stillness();
    const one = file('a.gguf');
    expect(stillness.of([one], 10_000, soon).has(one)).toBe(false);
    expect(stillness.of([one], 10_900, soon).has(one)).toBe(false);
    expect(stillness.of([one], 11_000, soon).has(one)).toBe(true);
    const grown = file('a.gguf', '/models', '2');
    expect(stillness.of([grown], 12_000, soon).has(grown)).toBe(false);
    expect(stillness.of([grown], 13_000, soon).has(grown)).toBe(true);
  });

  it('is out of the question for one that is old when it is first seen', () => {
    const stillness = new Stillness();
    const one = file('a.gguf');
    expect(stillness.of([one], 0, late).has(one)).toBe(true);
    // What changes under our eyes is not old, whatever its date says.
    const replaced = file('a.gguf', '/models', '2');
    expect(stillness.of([replaced], 10, late).has(replaced)).toBe(false);
  });

  it('is forgotten with the file', () => {
    const stillness = new Stillness();
    const one = file('a.gguf');
    stillness.of([one], 0, soon);
    stillness.of([], 5_000, soon);
    expect(stillness.of([one], 6_000, soon).has(one)).toBe(false);
  });
});
