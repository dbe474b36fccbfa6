import { Gate } from './gate.js';

describe('a gate', () => {
  const held = () => {
    let release: () => void = () => undefined;
    const promise = new Promise<void>((resolve) => (release = resolve));
    return { promise, release: () => release() };
  };

  it('lets so many in, so many wait, and turns the next away', async () => {
    const gate = new Gate(2, 1);
    const holds = [held(), held(), held()];
    const begun: number[] = [];
    const enter = (index: number) =>
      gate.enter(() => {
        begun.push(index);
        return holds[index]?.promise ?? Promise.resolve();
      });
    expect([enter(0), enter(1), enter(2), enter(3)]).toEqual([true, true, true, false]);
    expect(begun).toEqual([0, 1]);
    holds[1]?.release();
    await holds[1]?.promise;
    await Promise.resolve();
    expect(begun).toEqual([0, 1, 2]);
    expect(gate.running).toBe(2);
    holds[0]?.release();
    holds[2]?.release();
    await gate.idle();
    expect(gate.running).toBe(0);
  });

  it('is idle at once when nothing runs', async () => {
    await new Gate(1, 1).idle();
  });
});
