import type { LogEntry, NodeLog, NodeSample } from '@muster/contracts';
import { connect } from '@nats-io/transport-node';
import { type TestNats, testNats, until } from '@muster/testing';
import { noticedBus, uuid } from './bus.fixture.js';
import type { Lost } from './gaps.js';

jest.setTimeout(30_000);

const sample = (seq: number, node = 1, run = 1): NodeSample => ({
  nodeId: uuid(node),
  run: uuid(run),
  seq,
  at: '2026-11-23T12:00:00.000Z',
  measurement: { cpuPercent: 1, memoryUsedBytes: 1, memoryTotalBytes: 2, gpus: [] },
});

const line = (n: number, message = 'hello'): LogEntry => ({
  kind: 'line',
  n,
  run: uuid(1),
  line: { seq: n, at: '2026-11-23T12:00:00.000Z', level: 'info', source: 'node', message },
});
const log = (epoch: number, ...entries: LogEntry[]): NodeLog => ({ nodeId: uuid(1), epoch: uuid(epoch), entries });

describe('the lanes that may lose', () => {
  let nats: TestNats;
  let sender: Awaited<ReturnType<typeof noticedBus>>;
  let receiver: Awaited<ReturnType<typeof noticedBus>>;

  beforeEach(async () => {
    nats = await testNats();
    [sender, receiver] = await Promise.all([noticedBus(nats.url), noticedBus(nats.url)]);
  });

  afterEach(async () => {
    await Promise.all([sender.close(), receiver.close()]);
    await nats.stop();
  });

  /** Sends until the first arrives: only then the server surely knows the receiver. */
  const begin = (send: () => void, arrived: () => boolean) =>
    until(() => {
      send();
      return arrived();
    });

  it('carry samples, and tell how many of a node were lost', async () => {
    const seen: [number, number, Lost][] = [];
    receiver.onSamples(({ nodeId, seq }, lost) => void seen.push([Number(nodeId.slice(-3)), seq, lost]));
    await begin(
      () => {
        sender.publishSample(sample(1));
      },
      () => seen.length === 1,
    );
    for (const [seq, node] of [
      [2, 1],
      [9, 2],
      [5, 1],
      [4, 1],
      [5, 1],
      [6, 1],
      [10, 2],
    ] as const)
      sender.publishSample(sample(seq, node));
    sender.publishSample(sample(1, 1, 2));
    await until(() => seen.length === 7);
    expect(seen).toEqual([
      [1, 1, 0],
      [1, 2, 0],
      [2, 9, 0],
      [1, 5, 2],
      [1, 6, 0],
      [2, 10, 0],
      [1, 1, 0],
    ]);
  });

  it('give the samples of one node alone to whoever wants only those', async () => {
    const seen: number[] = [];
    receiver.onSamples(({ seq }) => void seen.push(seq), { nodeId: uuid(2) });
    await begin(
      () => {
        sender.publishSample(sample(1, 2));
      },
      () => seen.length > 0,
    );
    sender.publishSample(sample(2, 1));
    sender.publishSample(sample(3, 2));
    await until(() => seen.includes(3));
    expect(seen).toEqual([1, 3]);
  });

  it('show as a gap what was sent while the bus was away', async () => {
    const seen: [number, Lost][] = [];
    receiver.onSamples(({ seq }, lost) => void seen.push([seq, lost]));
    await begin(
      () => {
        sender.publishSample(sample(1));
      },
      () => seen.length > 0,
    );
    await nats.kill();
    await until(() => sender.state === 'down' && receiver.state === 'down');
    for (const seq of [2, 3, 4]) sender.publishSample(sample(seq));
    await nats.restart();
    await until(() => sender.state === 'up' && receiver.state === 'up', undefined, { withinMs: 10_000 });
    await until(() => {
      sender.publishSample(sample(5));
      return seen.length > 1;
    });
    expect(seen).toEqual([
      [1, 0],
      [5, 3],
    ]);
    const told = sender.notices.filter((one) => one.notice === 'not-sent');
    // Among them may be a last one of those from before, which was about to go out.
    expect([3, 4]).toContain(told.reduce((sum, { messages }) => sum + messages, 0));
  });

  it('carry log entries, and tell a hole in their numbers or another epoch', async () => {
    const seen: [number[], Lost][] = [];
    receiver.onLogs(({ entries }, lost) => void seen.push([entries.map(({ n }) => n), lost]));
    await begin(
      () => {
        sender.publishLog(log(1, line(1), line(2)));
      },
      () => seen.length === 1,
    );
    sender.publishLog(log(1, line(3)));
    sender.publishLog(log(1, line(7), line(8)));
    sender.publishLog(log(2, line(1)));
    sender.publishLog(log(2));
    sender.publishLog(log(2, line(2)));
    await until(() => seen.length === 5);
    expect(seen).toEqual([
      [[1, 2], 0],
      [[3], 0],
      [[7, 8], 3],
      [[1], 'unknown'],
      [[2], 0],
    ]);
  });

  it('send lines that do not fit into one message in several', async () => {
    const seen: number[] = [];
    let messages = 0;
    receiver.onLogs(({ entries }, lost) => {
      messages += 1;
      expect(lost).toBe(0);
      seen.push(...entries.map(({ n }) => n));
    });
    await begin(
      () => {
        sender.publishLog(log(1, line(1)));
      },
      () => seen.length > 0,
    );
    sender.publishLog(log(1, ...Array.from({ length: 400 }, (_, index) => line(index + 2, 'x'.repeat(8_000)))));
    await until(() => seen.length === 401);
    expect(seen).toEqual(Array.from({ length: 401 }, (_, index) => index + 1));
    expect(messages).toBeGreaterThan(6);
  });

  it('carry pulses, over a new beginning of the monitor too', async () => {
    const seen: [number, Lost][] = [];
    const pulse = (seq: number) => ({ monitorId: 'm1', seq, impaired: false, nodes: 3 });
    receiver.onPulses(({ seq }, lost) => void seen.push([seq, lost]));
    await begin(
      () => {
        if (seen.length === 0) sender.publishPulse(pulse(7));
      },
      () => seen.some(([seq]) => seq === 7),
    );
    const from = seen.length;
    sender.publishPulse(pulse(8));
    sender.publishPulse(pulse(11));
    sender.publishPulse(pulse(1));
    sender.publishPulse(pulse(2));
    await until(() => seen.length === from + 4);
    expect(seen.slice(from)).toEqual([
      [8, 0],
      [11, 2],
      [1, 0],
      [2, 0],
    ]);
  });

  it('pass over what has the wrong shape and what the handler fails on, and tell', async () => {
    const seen: number[] = [];
    receiver.onSamples(({ seq }) => {
      if (seq === 2) throw new Error('odd');
      seen.push(seq);
    });
    await begin(
      () => {
        sender.publishSample(sample(1));
      },
      () => seen.length > 0,
    );
    const raw = await connect({ servers: new URL(nats.url).host });
    raw.publish(`muster.sample.node.${uuid(1)}.metrics`, 'no JSON');
    raw.publish(`muster.sample.node.${uuid(1)}.metrics`, '{"seq":1e999}');
    await raw.drain();
    sender.publishSample(sample(2));
    sender.publishSample(sample(3));
    await until(() => seen.includes(3));
    const kinds = receiver.notices.map(({ notice }) => notice);
    expect(kinds).toEqual(['malformed', 'malformed', 'handler-failed']);
  });
});
