import { RouterWatch, SILENT_MS } from './router-watch.js';

const open = (router: string, requestId = `request of ${router}`) => [{ router, requestId }];

describe('watching routers', () => {
  it('gives up what a router had begun that is silent', () => {
    const watch = new RouterWatch();
    watch.heard('a', 1, 0);
    expect(watch.lost(open('a'), SILENT_MS)).toEqual([]);
    expect(watch.lost(open('a'), SILENT_MS + 1)).toEqual(['request of a']);
  });

  it('looks for a router that it never heard before it gives anything up', () => {
    const watch = new RouterWatch();
    expect(watch.lost(open('a'), 50_000)).toEqual([]);
    expect(watch.lost(open('a'), 50_001 + SILENT_MS)).toEqual(['request of a']);
  });

  it('begins every silence anew after nobody could be heard', () => {
    const watch = new RouterWatch();
    watch.heard('a', 1, 0);
    watch.forgive(60_000);
    expect(watch.lost(open('a'), 60_000 + SILENT_MS)).toEqual([]);
    expect(watch.lost(open('a'), 60_001 + SILENT_MS)).toEqual(['request of a']);
  });

  it('gives up what a router says it does not have, once it has said so for long enough to have told of it', () => {
    const watch = new RouterWatch();
    for (let now = 0; now <= 10_000; now += 1_000) watch.heard('a', 0, now);
    expect(watch.lost(open('a'), 10_000)).toEqual([]);
    watch.heard('a', 0, 11_000);
    expect(watch.lost(open('a'), 11_000)).toEqual(['request of a']);
    watch.heard('a', 1, 12_000);
    expect(watch.lost(open('a'), 12_000)).toEqual([]);
  });
});
