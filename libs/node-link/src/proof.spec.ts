import { accessKeyId, makeNonce, prove, proves, type Transcript } from './proof.js';

const key = 'A'.repeat(42) + 'E';
const transcript: Transcript = {
  version: 1,
  gatewayNonce: Buffer.alloc(32, 1),
  nodeNonce: Buffer.alloc(32, 2),
  nodeId: '7c9e6679-7425-40de-944b-e07fc1f90ae7',
  exporter: Buffer.alloc(32, 3),
};

describe('a proof', () => {
  it('is the one that docs/link-protocol.md gives as its example', () => {
    expect(accessKeyId(key)).toBe('1aeb305e');
    expect(prove('gateway', key, transcript).toString('hex')).toBe(
      '7e5947fedde62e3e491d18b1b9ad7bb0f1008c34a483a776df4724dd40c2c650',
    );
    expect(prove('node', key, transcript).toString('hex')).toBe(
      'd217a28124bc517a8c980bd84aed3872d1a55df9f9555d5fc4901d380dae94c7',
    );
  });

  it.each<[string, Partial<Transcript>]>([
    ['version', { version: 2 }],
    ["Gateway's nonce", { gatewayNonce: Buffer.alloc(32, 9) }],
    ["node's nonce", { nodeNonce: Buffer.alloc(32, 9) }],
    ['node id', { nodeId: undefined }],
    ['TLS session', { exporter: Buffer.alloc(32, 9) }],
  ])('does not hold for another %s', (_name, other) => {
    expect(proves(prove('node', key, transcript), 'node', key, { ...transcript, ...other })).toBe(false);
  });

  it('does not hold for another key, for the other role, or cut short', () => {
    const proof = prove('node', key, transcript);
    expect(proves(proof, 'node', key, transcript)).toBe(true);
    expect(proves(proof, 'node', 'B'.repeat(43), transcript)).toBe(false);
    expect(proves(proof, 'gateway', key, transcript)).toBe(false);
    expect(proves(proof.subarray(0, 31), 'node', key, transcript)).toBe(false);
  });

  it('has a nonce of 32 bytes that does not come back', () => {
    const nonces = Array.from({ length: 100 }, () => makeNonce().toString('hex'));
    expect(new Set(nonces).size).toBe(100);
    expect(nonces[0]).toHaveLength(64);
  });
});
