import { Health } from './health.js';

describe('readiness', () => {
  const serving = () => {
    const health = new Health();
    health.enter('serving');
    return health;
  };

  it('is down before the service serves and once it stops', async () => {
    const health = new Health();
    expect(await health.ready()).toMatchObject({ status: 'down', checks: { service: { state: 'down' } } });
    health.enter('serving');
    expect(await health.ready()).toEqual({ status: 'up', checks: {} });
    health.enter('stopping');
    expect((await health.ready()).status).toBe('down');
  });

  it('is the worst of its checks', async () => {
    const health = serving();
    health.add('a', () => ({ state: 'up' }));
    health.add('b', () => Promise.resolve({ state: 'degraded', words: 'half' }));
    expect((await health.ready()).status).toBe('degraded');
    health.add('c', () => ({ state: 'down' }));
    expect((await health.ready()).status).toBe('down');
  });

  it('takes a check that fails for down, without its words', async () => {
    const health = serving();
    health.add('a', () => Promise.reject(new Error('password hunter2')));
    expect(await health.ready()).toEqual({
      status: 'down',
      checks: { a: { state: 'down', words: 'The check failed' } },
    });
  });

  it('does not wait for a check that never answers', async () => {
    const health = serving();
    health.add('a', () => new Promise(() => undefined));
    expect((await health.ready()).checks['a']).toEqual({ state: 'down', words: 'No answer in 2000 ms' });
  });

  it('has one check of a name', () => {
    const health = serving();
    health.add('a', () => ({ state: 'up' }));
    expect(() => {
      health.add('a', () => ({ state: 'up' }));
    }).toThrow('already');
  });
});
