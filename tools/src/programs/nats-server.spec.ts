import { assertChecksum } from './nats-server.js';

describe('a downloaded program', () => {
  // FIPS 180-2, B.1: SHA-256 of "abc".
  const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

  it('is taken when its checksum is the pinned one', () => {
    expect(() => {
      assertChecksum(Buffer.from('abc'), abc);
    }).not.toThrow();
  });

  it('is refused when one bit differs', () => {
    expect(() => {
      assertChecksum(Buffer.from('abd'), abc);
    }).toThrow(/not what it should be/);
  });
});
