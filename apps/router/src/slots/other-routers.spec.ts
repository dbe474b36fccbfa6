import { OtherRouters } from './other-routers.js';

const NODE = '0f8fad5b-d9cb-469f-a165-70867728950e';
const pulse = (router: string, inFlight: number) => ({
  router,
  executors: [{ nodeId: NODE, executorId: 'tiny', inFlight, slots: 4 }],
});
const place = `${NODE}/tiny`;

describe('what other routers have in flight', () => {
  it('is the sum of what each told last', () => {
    const others = new OtherRouters();
    others.heard(pulse('one', 3), 0);
    others.heard(pulse('two', 1), 10);
    others.heard(pulse('one', 2), 20);
    expect(others.inFlight(20).get(place)).toBe(3);
  });

  it('is nothing of one that has fallen silent', () => {
    const others = new OtherRouters();
    others.heard(pulse('one', 3), 0);
    others.heard(pulse('two', 1), 2_000);
    expect(others.inFlight(3_000).get(place)).toBe(4);
    expect(others.inFlight(3_001).get(place)).toBe(1);
    expect(others.count(5_000)).toBe(1);
    expect(others.count(5_001)).toBe(0);
  });

  it('is bounded in how many are listened to', () => {
    const others = new OtherRouters();
    for (let number = 0; number < 500; number += 1) others.heard(pulse(`router ${number}`, 1), 0);
    expect(others.inFlight(0).get(place)).toBe(100);
  });
});
