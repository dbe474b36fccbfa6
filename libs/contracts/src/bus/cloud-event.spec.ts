import type { Fact } from '../fact.js';
import type { NodeEvent } from '../registry/node.events.js';
import { fromCloudEvent, toCloudEvent } from './cloud-event.js';
import { cloudEventType, factFamilies, factName, factSubject } from './facts.js';

const nodeId = '7d8cf3ad-6f2f-4b6a-9a5e-2f8f1f6f3c11';
const renamed: Fact<NodeEvent> = {
  type: 'NodeRenamed',
  data: { nodeId, name: 'Küche', from: 'Local Node', at: '2026-11-23T12:00:00.000Z' },
  id: '3a0dd5f0-4d0b-4d24-8c63-0d7d8d9a2f01',
  stream: `node-${nodeId}`,
  version: 4,
  position: 17,
  at: '2026-11-23T12:00:00.001Z',
  meta: {
    actor: { kind: 'account', id: 'b0f3c2a4-60a1-4a51-bb3b-0a7a6a1d0c55', name: 'Zoë' },
    commandId: '5e0e5ad1-7f1c-4b1e-8a77-6b8f2f9b8c02',
    correlationId: '5e0e5ad1-7f1c-4b1e-8a77-6b8f2f9b8c03',
  },
};

describe('a fact on the bus', () => {
  it('goes on a subject that says area, noun, id and what happened', () => {
    expect(factSubject(renamed)).toBe(`muster.fleet.node.${nodeId}.renamed`);
    expect(factSubject({ stream: 'settings-gateway', type: 'AccessKeyChanged' })).toBe(
      'muster.access.settings.gateway.access-key-changed',
    );
    expect(factSubject({ stream: `health-${nodeId}`, type: 'NodeStatusChanged' })).toBe(
      `muster.health.node.${nodeId}.status-changed`,
    );
  });

  it('has a CloudEvents type without the id', () => expect(cloudEventType(renamed)).toBe('muster.fleet.node.renamed'));

  it('is read back as it was written, names in any script included', () => {
    const { headers, body } = toCloudEvent(renamed);
    expect(fromCloudEvent(factFamilies.node, headers, JSON.parse(body))).toEqual(renamed);
  });

  it('has headers of ASCII alone', () => {
    for (const value of Object.values(toCloudEvent(renamed).headers)) expect(value).toMatch(/^[\x20-\x7E]*$/);
  });

  it('is refused when its data does not fit its type', () => {
    const { headers } = toCloudEvent(renamed);
    expect(() => fromCloudEvent(factFamilies.node, headers, { nodeId })).toThrow();
  });

  it('has a stream of its family only', () =>
    expect(() => factSubject({ stream: 'nobody-1', type: 'NodeRenamed' })).toThrow('belongs to no family'));

  it('has a name of its own within its family, on a subject that its JetStream stream takes', () => {
    for (const family of Object.values(factFamilies)) {
      const types = family.schema.def.options.map((option) => [...option.def.shape.type.def.values][0] as string);
      const names = types.map((type) => factName(family, type));
      expect(new Set(names).size).toBe(types.length);
      for (const name of names) expect(name).toMatch(/^[a-z][a-z-]*[a-z]$/);
    }
  });
});
