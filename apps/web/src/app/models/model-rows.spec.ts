import { Executor, type Model, type ModelsView } from '@muster/contracts';
import { aNode, NODE_ID, OTHER_ID } from '../testing/examples.js';
import { canStart, canStop, matches, modelRows } from './model-rows.js';

const model = (modelId: string, more: Partial<Model> = {}): Model => ({
  modelId,
  name: modelId.replace('.gguf', ''),
  source: 'file',
  kind: 'chat',
  quantisation: 'Q4_K_M',
  ...more,
});
const executor = (modelId: string, state: Executor['state']) =>
  Executor.parse({ executorId: 'e', modelId, model: modelId, state, slots: 1, inFlight: 0, queued: 0 });
const told = (...views: [string, Model[]][]) =>
  new Map(views.map(([nodeId, models]): [string, ModelsView] => [nodeId, { nodeId, models, more: 0 }]));
const nodes = (...all: ReturnType<typeof aNode>[]) => new Map(all.map((node) => [node.nodeId, node]));

describe('the models of the fleet', () => {
  const calm = aNode({ nodeId: OTHER_ID, name: 'calm-heron' });
  const brisk = aNode({ executors: [executor('llama.gguf', 'online')] });

  it('are one line each, with every node that has it', () => {
    const { rows } = modelRows(
      told([NODE_ID, [model('llama.gguf'), model('qwen.gguf')]], [OTHER_ID, [model('llama.gguf')]]),
      nodes(brisk, calm),
    );
    expect(rows.map(({ name, places }) => [name, places.map(({ node }) => node.name)])).toEqual([
      ['llama', ['brisk-otter', 'calm-heron']],
      ['qwen', ['brisk-otter']],
    ]);
  });

  it('are apart where they are packed in another way', () => {
    const { rows } = modelRows(
      told([NODE_ID, [model('llama.gguf')]], [OTHER_ID, [model('llama.gguf', { quantisation: 'F16' })]]),
      nodes(brisk, calm),
    );
    expect(rows).toHaveLength(2);
  });

  it('that can not be used are told apart with their reason, and those of a removed node not at all', () => {
    const { rows, broken } = modelRows(
      told([NODE_ID, [model('half.gguf', { problem: 'It is still being copied' })]], [OTHER_ID, [model('llama.gguf')]]),
      nodes(brisk),
    );
    expect(rows).toEqual([]);
    expect(broken.map(({ model: { problem } }) => problem)).toEqual(['It is still being copied']);
  });

  it('can be started where they do not run and stopped where they do, on nodes that are linked', () => {
    const away = aNode({ nodeId: OTHER_ID, name: 'away' });
    delete (away as { link?: unknown }).link;
    const { rows } = modelRows(
      told([NODE_ID, [model('llama.gguf'), model('qwen.gguf')]], [OTHER_ID, [model('llama.gguf')]]),
      nodes(brisk, away),
    );
    const places = rows[0]?.places ?? [];
    expect(places.filter(canStop).map(({ node }) => node.name)).toEqual(['brisk-otter']);
    expect(places.filter(canStart)).toEqual([]);
    expect(rows[1]?.places.filter(canStart)).toHaveLength(1);
  });

  it('are found by name, kind, quantisation and node', () => {
    const [row] = modelRows(told([NODE_ID, [model('llama.gguf')]]), nodes(brisk)).rows;
    if (row === undefined) throw new Error('There is a row');
    expect(['LLAMA', 'chat', 'q4', 'otter', ''].every((text) => matches(row, text))).toBe(true);
    expect(matches(row, 'mistral')).toBe(false);
  });
});
