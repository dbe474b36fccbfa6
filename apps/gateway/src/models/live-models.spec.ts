import { Model, type NodeModels } from '@muster/contracts';
import { LiveModels } from './live-models.js';

const [a, b] = ['7d8cf3ad-6f2f-4b6a-9a5e-2f8f1f6f3c11', '8d8cf3ad-6f2f-4b6a-9a5e-2f8f1f6f3c12'];
const of = (nodeId: string, token: number, ...names: string[]): NodeModels => ({
  nodeId,
  token,
  models: names.map((name) => Model.parse({ modelId: `${name}.gguf`, name, source: 'file', kind: 'chat' })),
  more: 0,
});
const everyNode = () => true;

describe('the models of the fleet', () => {
  it('are told once for each change, with all the models of that node', () => {
    const live = new LiveModels();
    live.put(of(a, 1, 'one'));
    expect(live.tick(everyNode)?.changed).toMatchObject([{ nodeId: a, models: [{ name: 'one' }] }]);
    expect(live.tick(everyNode)).toBeUndefined();
    live.put(of(b, 1, 'two'));
    expect(live.snapshot().nodes).toHaveLength(1);
    expect(live.tick(everyNode)).toMatchObject({ changed: [{ nodeId: b }], removed: [] });
    expect(live.snapshot().nodes).toHaveLength(2);
  });

  it('are not taken from a monitor that has lost the node', () => {
    const live = new LiveModels();
    live.put(of(a, 2, 'new'));
    expect(live.put(of(a, 1, 'old'))).toBe(false);
    expect(live.view(a).models.map(({ name }) => name)).toEqual(['new']);
  });

  it('go with their node', () => {
    const live = new LiveModels();
    live.put(of(a, 1, 'one'));
    live.tick(everyNode);
    expect(live.tick(() => false)).toEqual({ changed: [], removed: [a] });
    expect(live.views(() => false)).toEqual([]);
    live.delete(a);
    expect(live.view(a)).toEqual({ nodeId: a, models: [], more: 0 });
  });
});
