import { Gate } from './gate.js';

/** Tasks that end when told to. */
function tasks() {
  const ends: (() => void)[] = [];
  return { ends, task: () => new Promise<void>((resolve) => ends.push(resolve)) };
}

describe('a gate', () => {
  it('lets so many through, lets so many wait, and turns the next away', async () => {
    const gate = new Gate(2, 1);
    const { ends, task } = tasks();
    const turns = [gate.run(task), gate.run(task), gate.run(task)];
    expect(ends).toHaveLength(2);
    expect(gate.run(task)).toBeUndefined();
    ends[0]?.();
    await turns[0];
    await Promise.resolve();
    expect(ends).toHaveLength(3);
    ends.forEach((end) => {
      end();
    });
    await Promise.all(turns);
  });

  it('never runs more than its width, however they come and go', async () => {
    const gate = new Gate(2, 100);
    let running = 0;
    let most = 0;
    const task = async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
    };
    await Promise.all(Array.from({ length: 50 }, () => gate.run(task)));
    expect(most).toBe(2);
  });

  it('goes on after a task that failed', async () => {
    const gate = new Gate(1, 1);
    await expect(gate.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(gate.run(() => Promise.resolve('yes'))).resolves.toBe('yes');
  });
});
