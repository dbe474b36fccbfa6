import { Sealed } from '@muster/contracts';
import * as fc from 'fast-check';
import { seal, SealBroken, secretId, unseal } from './seal.js';

const secret = 'A'.repeat(42) + 'E';
const other = 'B'.repeat(42) + 'E';

describe('sealing', () => {
  it('gives any text back', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => unseal(secret, seal(secret, text)) === text));
  });

  it('keeps to the contract, and hides the text', () => {
    const sealed = seal(secret, 'correct horse');
    expect(Sealed.parse(sealed)).toEqual(sealed);
    expect(JSON.stringify(sealed)).not.toContain(Buffer.from('correct horse').toString('base64').slice(0, 12));
  });

  it('never gives the same twice', () => {
    expect(seal(secret, 'x').nonce).not.toBe(seal(secret, 'x').nonce);
    expect(seal(secret, 'x').ciphertext).not.toBe(undefined);
  });

  it('is not opened with another secret, and says which it was', () => {
    expect(() => unseal(other, seal(secret, 'x'))).toThrow(
      new SealBroken(`This was sealed with the secret ${secretId(secret)}; the one at hand is ${secretId(other)}`),
    );
  });

  it.each(['nonce', 'ciphertext', 'tag'] as const)('is not opened when its %s was changed', (part) => {
    const sealed = seal(secret, 'correct horse');
    const bytes = Buffer.from(sealed[part], 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    expect(() => unseal(secret, { ...sealed, [part]: bytes.toString('base64') })).toThrow(SealBroken);
  });

  it('is not opened by a shorter tag', () => {
    const sealed = seal(secret, 'x');
    const tag = Buffer.from(sealed.tag, 'base64').subarray(0, 4).toString('base64');
    expect(() => unseal(secret, { ...sealed, tag })).toThrow(SealBroken);
  });

  it('takes no secret of another length', () => {
    expect(() => seal('short', 'x')).toThrow('256 bits');
  });
});
