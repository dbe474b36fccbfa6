import type { DialPolicy } from './dial-policy.js';
import { Resolver } from './resolve.js';

const policy: DialPolicy = {
  loopback: false,
  private: true,
  ports: { from: 1_024, to: 65_535 },
  own: [],
  interfaces: [],
};
const names: Record<string, readonly string[]> = {
  'gpu.lab': ['10.0.4.17'],
  'two.lab': ['10.0.4.17', 'fd12::17'],
  'mixed.lab': ['10.0.4.17', '169.254.169.254'],
  'many.lab': Array.from({ length: 30 }, (_, index) => `10.0.4.${index}`),
};
const fault = (code: string) => Object.assign(new Error(code), { code });
const resolver = () =>
  new Resolver(
    () => policy,
    (host) => {
      if (host.startsWith('slow')) return new Promise(() => undefined);
      if (host === 'dns-away.lab') return Promise.reject(fault('EAI_AGAIN'));
      const found = names[host];
      return found ? Promise.resolve(found) : Promise.reject(fault('ENOTFOUND'));
    },
  );

describe('resolving a host', () => {
  it('gives the addresses of a name', async () => {
    expect(await resolver().resolve('two.lab', 8_022, 1_000)).toEqual({
      outcome: 'addresses',
      addresses: ['10.0.4.17', 'fd12::17'],
    });
  });

  it('looks nothing up for an address', async () => {
    expect(await resolver().resolve('10.0.4.99', 8_022, 1_000)).toEqual({
      outcome: 'addresses',
      addresses: ['10.0.4.99'],
    });
  });

  it('refuses a name as soon as one of its addresses is refused', async () => {
    expect(await resolver().resolve('mixed.lab', 8_022, 1_000)).toEqual({
      outcome: 'failed',
      cause: 'address-not-allowed',
    });
  });

  it('takes the same time for every address that it refuses', async () => {
    const took: number[] = [];
    for (const host of ['169.254.169.254', '127.0.0.1', 'mixed.lab', '::ffff:127.0.0.1', 'ff02::1']) {
      const startedMs = performance.now();
      await resolver().resolve(host, 8_022, 1_000);
      took.push(performance.now() - startedMs);
    }
    expect(Math.min(...took)).toBeGreaterThanOrEqual(95);
  });

  it('gives only the first of very many addresses', async () => {
    expect(await resolver().resolve('many.lab', 8_022, 1_000)).toMatchObject({ addresses: { length: 4 } });
  });

  it('tells a name that is not there from a name server that does not answer', async () => {
    expect(await resolver().resolve('no.lab', 8_022, 1_000)).toEqual({ outcome: 'failed', cause: 'name-not-found' });
    expect(await resolver().resolve('dns-away.lab', 8_022, 1_000)).toEqual({ outcome: 'failed', cause: 'timed-out' });
    expect(await resolver().resolve('slow.lab', 8_022, 20)).toEqual({ outcome: 'failed', cause: 'timed-out' });
  });

  it('lets names that hang hold no more than their share of the system', async () => {
    let lookedUp = 0;
    const hanging = new Resolver(
      () => policy,
      () => {
        lookedUp += 1;
        return new Promise(() => undefined);
      },
    );
    const all = async () => {
      for (const host of ['a.lab', 'b.lab', 'c.lab', 'd.lab']) await hanging.resolve(host, 8_022, 5);
    };
    await all();
    await all();
    await all();
    expect(lookedUp).toBe(6);
  });
});
