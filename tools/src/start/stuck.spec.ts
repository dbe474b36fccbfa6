import { getsStuck } from './stuck.js';

describe('a part that runs', () => {
  const looks = (...results: boolean[]) => {
    let asked = 0;
    return {
      look: () => ((results[asked++] ?? true) ? Promise.resolve() : Promise.reject(new Error('no answer'))),
      asked: () => asked,
    };
  };

  it('is stuck when so many looks in a row failed, and not before', async () => {
    const { look, asked } = looks(false, false, true, false, false, false);
    await getsStuck({ look, everyMs: 1, failures: 3 }, new AbortController().signal);
    expect(asked()).toBe(6);
  });

  it('is looked at no more when it has ended', async () => {
    const ended = new AbortController();
    const { look } = looks(false, false, false);
    const stuck = getsStuck({ look, everyMs: 1_000, failures: 1 }, ended.signal);
    ended.abort();
    await expect(stuck).rejects.toThrow('aborted');
  });
});
