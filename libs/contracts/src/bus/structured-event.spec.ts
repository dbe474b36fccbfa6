import { toCloudEvent } from './cloud-event.js';
import { structuredEvent } from './structured-event.js';

const nodeId = '7d8cf3ad-6f2f-4b6a-9a5e-2f8f1f6f3c11';
const { headers, body } = toCloudEvent({
  type: 'NodeRenamed',
  data: { nodeId, name: 'Küche', from: 'Local Node', at: '2026-11-23T12:00:00.000Z' },
  id: '3a0dd5f0-4d0b-4d24-8c63-0d7d8d9a2f01',
  stream: `node-${nodeId}`,
  version: 4,
  position: 17,
  at: '2026-11-23T12:00:00.001Z',
  meta: {
    actor: { kind: 'account', id: 'b0f3c2a4-60a1-4a51-bb3b-0a7a6a1d0c55', name: 'Zoë 100%' },
    commandId: '5e0e5ad1-7f1c-4b1e-8a77-6b8f2f9b8c02',
    correlationId: '5e0e5ad1-7f1c-4b1e-8a77-6b8f2f9b8c03',
  },
});

describe('a fact as one JSON object', () => {
  it('has every attribute under its own name, as text, and the data as it is', () =>
    expect(structuredEvent(Object.entries(headers), JSON.parse(body))).toEqual({
      specversion: '1.0',
      id: '3a0dd5f0-4d0b-4d24-8c63-0d7d8d9a2f01',
      type: 'muster.fleet.node.renamed',
      source: '/muster/registry',
      subject: nodeId,
      time: '2026-11-23T12:00:00.001Z',
      datacontenttype: 'application/json',
      dataschema: 'urn:muster:fact:NodeRenamed:1',
      facttype: 'NodeRenamed',
      stream: `node-${nodeId}`,
      version: '4',
      position: '17',
      commandid: '5e0e5ad1-7f1c-4b1e-8a77-6b8f2f9b8c02',
      correlationid: '5e0e5ad1-7f1c-4b1e-8a77-6b8f2f9b8c03',
      actor: '{"kind":"account","id":"b0f3c2a4-60a1-4a51-bb3b-0a7a6a1d0c55","name":"Zoë 100%"}',
      data: { nodeId, name: 'Küche', from: 'Local Node', at: '2026-11-23T12:00:00.000Z' },
    }));

  it('leaves out what is no attribute of the event', () =>
    expect(
      Object.keys(structuredEvent([...Object.entries(headers), ['nats-msg-id', 'x']], JSON.parse(body))),
    ).not.toContain('nats-msg-id'));

  it('is refused without an id, with data that is no object, and with a header that cannot be decoded', () => {
    expect(() => structuredEvent(Object.entries({ ...headers, 'ce-id': undefined }), {})).toThrow();
    expect(() => structuredEvent(Object.entries(headers), 'text')).toThrow();
    expect(() => structuredEvent(Object.entries({ ...headers, 'ce-actor': '%' }), {})).toThrow();
  });
});
