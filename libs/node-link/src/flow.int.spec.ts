import { flow, slowReader, testNode, type TestNode, until } from '../test/test-node.js';
import { LogBuffer, type LogNumbering } from './buffers.js';
import { type FromNode } from './frames.js';
import type { NodeConnection } from './node-connection.js';

let node: TestNode;
beforeEach(async () => {
  node = await testNode();
});
afterEach(() => node.server.close());

const collect = (connection: NodeConnection): FromNode[] => {
  const frames: FromNode[] = [];
  connection.onFrame((frame) => frames.push(frame));
  return frames;
};
/** An archive in memory, as an earlier life might have left it. */
const archive = (lines: number, numbering: LogNumbering) => {
  const kept = Array.from({ length: lines }, (_, n) => ({
    seq: n + 1,
    at: '2026-11-23T12:00:00.000Z',
    level: 'info' as const,
    source: 'node',
    message: `line ${n + 1}`,
  }));
  return {
    numbering,
    first: 1,
    next: lines + 1,
    append: () => undefined,
    read: (from: number, most: number) => kept.slice(from - 1, from - 1 + most),
  };
};
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, n) => first + n);

describe('the flow of samples and lines', () => {
  const linesOf = (frames: readonly FromNode[]) =>
    frames.flatMap((frame) => (frame.type === 'lines' ? frame.lines : []));

  it('goes on with lines that the archive of an earlier life has, and begins with the last 10,000', async () => {
    const id = crypto.randomUUID();
    const earlier = crypto.randomUUID();
    const kept = archive(12_000, { id, continues: { id: earlier, upTo: 12_000 } });
    const another = await testNode({ log: new LogBuffer(kept) });
    const run = crypto.randomUUID();
    try {
      const known = collect(await another.link({ resume: { run, sample: 9, numbering: id, line: 11_990 } }));
      const earlierKnown = collect(
        await another.link({ resume: { run, sample: 9, numbering: earlier, line: 11_995 } }),
      );
      const stranger = collect(await another.link());
      await until(() => flow(stranger, 'lines').at(-1) === 12_000);
      another.line('new');
      await until(() => [known, earlierKnown, stranger].every((frames) => flow(frames, 'lines').at(-1) === 12_001));
      expect(flow(known, 'lines')).toEqual(upTo(12_001, 11_991));
      expect(flow(earlierKnown, 'lines')).toEqual(upTo(12_001, 11_996));
      expect(flow(stranger, 'lines')).toEqual([{ lost: 2_000 }, ...upTo(12_001, 2_001)]);
      expect(linesOf(known)[0]?.message).toBe('line 11991');
    } finally {
      await another.server.close();
    }
  });

  it('tells by its pongs how far the clock of the node is off', async () => {
    const connection = await node.link();
    await connection.ping();
    expect(Math.abs(connection.clockOffsetMs ?? NaN)).toBeLessThan(1_000);
  });

  it('begins with all that the node has and goes on with what comes', async () => {
    for (let n = 0; n < 300; n += 1) node.sample();
    for (let n = 0; n < 1_200; n += 1) node.line(`line ${n}`);
    const frames = collect(await node.link());
    await until(() => flow(frames, 'lines').length === 1_200);
    node.sample();
    node.line('one more');
    await until(() => flow(frames, 'lines').length === 1_201);
    expect(flow(frames, 'samples')).toEqual(upTo(301));
    expect(flow(frames, 'lines')).toEqual(upTo(1_201));
  });

  it('does not begin before somebody takes the frames', async () => {
    node.sample();
    const connection = await node.link();
    await connection.ping();
    const frames = collect(connection);
    await until(() => frames.length > 0);
    expect(flow(frames, 'samples')).toEqual([1]);
  });

  it('goes on from the numbers of before in the same run', async () => {
    for (let n = 0; n < 10; n += 1) node.sample();
    for (let n = 0; n < 10; n += 1) node.line('x');
    const frames = collect(
      await node.link({ resume: { run: node.hello.run, sample: 7, numbering: node.hello.run, line: 10 } }),
    );
    node.line('new');
    await until(() => flow(frames, 'lines').length === 1);
    expect(flow(frames, 'samples')).toEqual([8, 9, 10]);
    expect(flow(frames, 'lines')).toEqual([11]);
  });

  it('begins anew with another run', async () => {
    node.sample();
    const frames = collect(
      await node.link({ resume: { run: crypto.randomUUID(), sample: 7, numbering: crypto.randomUUID(), line: 10 } }),
    );
    await until(() => flow(frames, 'samples').length === 1);
    expect(flow(frames, 'samples')).toEqual([1]);
  });

  it('tells what is gone as a gap with its count', async () => {
    for (let n = 0; n < 1_805; n += 1) node.sample();
    for (let n = 0; n < 10_003; n += 1) node.line('x');
    const frames = collect(
      await node.link({ resume: { run: node.hello.run, sample: 2, numbering: node.hello.run, line: 1 } }),
    );
    await until(() => flow(frames, 'lines').at(-1) === 10_003);
    expect(flow(frames, 'samples')).toEqual([{ lost: 3 }, ...upTo(1_805, 6)]);
    expect(flow(frames, 'lines')).toEqual([{ lost: 2 }, ...upTo(10_003, 4)]);
  });

  it('tells how old a sample is, by no clock on the wall', async () => {
    node.samples.add({
      measurement: { cpuPercent: 1, memoryUsedBytes: 1, memoryTotalBytes: 1, gpus: [] },
      takenMs: performance.now() - 5_000,
    });
    const frames = collect(await node.link());
    await until(() => frames.length > 0);
    const [frame] = frames;
    expect(frame?.type === 'samples' && Math.round((frame.items[0]?.ageMs ?? 0) / 1_000)).toBe(5);
  });

  it('makes foreign text inert before anybody gets it', async () => {
    node.line('\u001b[31mred\u001b[0m \u001b]0;title\u0007 \u202ereversed');
    node.line('x'.repeat(8_192));
    const frames = collect(await node.link());
    await until(() => flow(frames, 'lines').length === 2);
    const lines = frames.flatMap((frame) => (frame.type === 'lines' ? frame.lines : []));
    expect(lines[0]?.message).toBe('red ␛]0;title␇ <U+202E>reversed');
    expect(lines[1]).not.toHaveProperty('cutBytes');
  });

  it('tells changes of condition, executors and hardware, once', async () => {
    const connection = await node.link();
    const frames = collect(connection);
    Object.assign(node.hello, { condition: { condition: 'draining' } });
    await until(() => {
      node.server.refresh();
      return frames.length > 0;
    });
    node.server.refresh();
    await connection.ping();
    frames.pop();
    expect(frames).toEqual([{ type: 'condition', condition: { condition: 'draining' } }]);
  });

  it('waits for a Gateway that does not read, and costs the node next to nothing', async () => {
    const proxy = await slowReader(node.port);
    const connection = await node.link({ port: proxy.port });
    const frames = collect(connection);
    await connection.ping();
    const [link] = node.server.links;
    proxy.pause();
    for (let n = 0; n < 40_000; n += 1) {
      node.line('y'.repeat(1_000));
      if (n % 1_000 === 0) await new Promise(setImmediate);
    }
    expect(link?.socket.bufferedAmount).toBeLessThan(2 * 1024 * 1024);
    proxy.resume();
    await until(() => flow(frames, 'lines').at(-1) === 40_000);
    const told = flow(frames, 'lines');
    const lost = told.reduce((sum: number, entry) => sum + (typeof entry === 'number' ? 0 : entry.lost), 0);
    expect(lost).toBeGreaterThan(0);
    expect(lost + told.filter((entry) => typeof entry === 'number').length).toBe(40_000);
    connection.terminate();
    proxy.close();
  }, 20_000);

  it('ends with a goodbye when the node stops, after what was still to be told', async () => {
    const connection = await node.link();
    const frames = collect(connection);
    await connection.ping();
    node.line('last words');
    const stopped = node.server.close();
    await expect(connection.closed).resolves.toBe('closed');
    expect(frames.map(({ type }) => type)).toEqual(['pong', 'lines', 'goodbye']);
    await stopped;
  });
});
