import { Refusal, Outage } from '@muster/contracts';
import * as z from 'zod/mini';
import { type Order } from '@muster/contracts';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type TestNats, testNats, until } from '@muster/testing';
import { aService, callerWith, noticedBus, uuid } from './bus.fixture.js';
import { type Call } from './answer.js';
import { AskOutage } from './wire.js';

jest.setTimeout(30_000);

const once = <Request extends z.ZodMiniType, Reply extends z.ZodMiniType>(
  name: string,
  request: Request,
  reply: Reply,
  allowed: Order['allowed'] = 'fleet:view',
  deadlineMs = 2_000,
) => ({ subject: `muster.ask.registry.${name}`, request, reply, allowed, deadlineMs, answers: 'once' }) satisfies Order;

const Double = once(
  'double',
  z.object({ number: z.number('The number must be a number'), times: z._default(z.number(), 2) }),
  z.object({ result: z.number() }),
);
const Count = {
  ...once('count', z.object({ to: z.number() }), z.object({ n: z.number() })),
  answers: 'stream',
} as const satisfies Order;
const Ping = {
  ...once('ping', z.object({}), z.object({ nodeId: z.string() })),
  subject: 'muster.command.node.*.ping',
} satisfies Order;

const viewer = callerWith('fleet:view');
const until10 = { withinMs: 10_000 };
const never = () => new Promise<never>(() => undefined);
const problemOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'answered',
    (error: unknown) => (error instanceof AskOutage ? error.problem : error),
  );

async function* counted({ to }: { to: number }): AsyncGenerator<{ n: number }> {
  for (let n = 1; n <= to; n += 1) yield await Promise.resolve({ n });
}

describe('orders', () => {
  let nats: TestNats;
  let asking: Awaited<ReturnType<typeof noticedBus>>;
  let answering: Awaited<ReturnType<typeof noticedBus>>;

  beforeEach(async () => {
    nats = await testNats();
    [asking, answering] = await Promise.all([noticedBus(nats.url, 'asking'), noticedBus(nats.url, 'answering')]);
  });

  afterEach(async () => {
    // Some of these tests have handlers that never end.
    await Promise.all([asking.close(), answering.close({ finishMs: 100 })]);
    await nats.stop();
  });

  /** Asks until it is answered: also after the bus was away for a moment. */
  const answered = async <T>(act: () => Promise<T>): Promise<T> =>
    until(async () => ({ answer: await act() }), undefined, until10).then(({ answer }) => answer);

  it('are answered, with defaults filled in on the answering side', async () => {
    const calls: Call[] = [];
    await answering.answer(Double, async ({ number, times }, call) => {
      calls.push(call);
      return Promise.resolve({ result: number * times });
    });
    expect(await answered(() => asking.ask(Double, { number: 21 }, viewer))).toEqual({ result: 42 });
    expect(calls[0]?.caller).toEqual(viewer);
  });

  it('come back as the Refusal that the service threw', async () => {
    await answering.answer(Double, () => Promise.reject(new Refusal('version-conflict', { currentVersion: 7 })));
    const refused = answered(() =>
      asking.ask(Double, { number: 1 }, viewer).catch((error: unknown) => {
        if (error instanceof Refusal) return error;
        throw error;
      }),
    );
    await expect(refused).resolves.toEqual(new Refusal('version-conflict', { currentVersion: 7 }));
  });

  it('of another shape are refused with field and words, before the handler', async () => {
    await answering.answer(Double, () => Promise.reject(new Error('never reached')));
    const wrong = { number: 'seven' } as unknown as { number: number };
    await until(
      () => asking.ask(Double, wrong, viewer).catch((error: unknown) => error),
      (error) => error instanceof Refusal && error.code === 'bad-input' && error.detail.field === 'number',
      until10,
    );
  });

  it.each([
    ['without the permission', 'nodes:manage' as const, callerWith('fleet:view')],
    ['with every permission, where only services may', 'services' as const, callerWith('nodes:manage', 'fleet:view')],
    ['of a service, where a permission is asked for', 'nodes:manage' as const, aService],
  ])('%s are refused', async (_name, allowed, caller) => {
    let reached = false;
    await answering.answer({ ...Double, allowed }, () => {
      reached = true;
      return Promise.resolve({ result: 0 });
    });
    await until(
      () => asking.ask({ ...Double, allowed }, { number: 1 }, caller).catch((error: unknown) => error),
      (error) => error instanceof Refusal && error.code === 'not-permitted',
      until10,
    );
    expect(reached).toBe(false);
  });

  it('of services are answered to services', async () => {
    const Inner = { ...Double, allowed: 'services' as const };
    await answering.answer(Inner, ({ number }) => Promise.resolve({ result: number }));
    expect(await answered(() => asking.ask(Inner, { number: 5 }, aService))).toEqual({ result: 5 });
  });

  it('with broken headers or a body that is no JSON are refused, and the service lives on', async () => {
    await answering.answer(Double, ({ number }) => Promise.resolve({ result: number }));
    await answered(() => asking.ask(Double, { number: 5 }, viewer));
    const raw: NatsConnection = await connect({ servers: nats.url.replace('nats://', '') });
    const reply = await raw.request(Double.subject, '{"number":', { timeout: 2_000 });
    expect(reply.json()).toMatchObject({ outcome: 'refusal', code: 'bad-input' });
    await raw.close();
    expect(await asking.ask(Double, { number: 6 }, viewer)).toEqual({ result: 6 });
  });

  it('say at once that nobody answers', async () => {
    expect(await problemOf(asking.ask(Double, { number: 1 }, viewer))).toBe('no-responders');
  });

  it('end at their deadline, and the handler learns it', async () => {
    const Slow = { ...Double, deadlineMs: 200 };
    const signals: AbortSignal[] = [];
    await answering.answer(Slow, (_request, { signal }) => {
      signals.push(signal);
      return never();
    });
    await until(
      () => problemOf(asking.ask(Slow, { number: 1 }, viewer)),
      (problem) => problem === 'deadline',
      until10,
    );
    await until(() => signals.at(-1)?.aborted);
  });

  it('that are taken back reach the handler as an abort', async () => {
    const signals: AbortSignal[] = [];
    await answering.answer(Double, (_request, { signal }) => {
      signals.push(signal);
      return never();
    });
    const controller = new AbortController();
    const asked = until(
      () => problemOf(asking.ask(Double, { number: 1 }, viewer, { signal: controller.signal })),
      (problem) => problem === 'cancelled',
      until10,
    );
    await until(() => signals.length > 0, undefined, until10);
    controller.abort();
    await asked;
    await until(() => signals.at(-1)?.aborted);
  });

  it('that break off in the middle say so when the bus goes', async () => {
    let began = false;
    await answering.answer(Double, () => {
      began = true;
      return never();
    });
    const asked = until(
      () => problemOf(asking.ask({ ...Double, deadlineMs: 20_000 }, { number: 1 }, viewer)),
      (problem) => problem === 'disconnected',
      until10,
    );
    await until(() => began, undefined, until10);
    await nats.kill();
    await asked;
    await until(() => asking.state === 'down');
    expect(await problemOf(asking.ask(Double, { number: 1 }, viewer))).toBe('not-sent');
  });

  it('are answered again after the bus was away', async () => {
    await answering.answer(Double, ({ number }) => Promise.resolve({ result: number }));
    await nats.restart();
    expect(await answered(() => asking.ask(Double, { number: 3 }, viewer))).toEqual({ result: 3 });
  });

  it('that hit an outage behind the service name the part that is away', async () => {
    await answering.answer(Double, () => Promise.reject(new Outage('database', 'The database is away')));
    const outage = await until(
      () => asking.ask(Double, { number: 1 }, viewer).catch((error: unknown) => error as AskOutage),
      (error) => error instanceof AskOutage && error.problem === 'away',
      until10,
    );
    expect(outage).toMatchObject({ part: 'database', message: 'The database is away' });
  });

  it('that hit a bug come back neutral, and the cause is told at the service alone', async () => {
    await answering.answer(Double, () => Promise.reject(new Error('the password is hunter2')));
    const outage = await until(
      () => asking.ask(Double, { number: 1 }, viewer).catch((error: unknown) => error as AskOutage),
      (error) => error instanceof AskOutage && error.problem === 'failed',
      until10,
    );
    expect(JSON.stringify(outage)).not.toContain('hunter2');
    const notice = await until(() => answering.notices.find((one) => one.notice === 'handler-failed'));
    expect(notice).toMatchObject({ error: new Error('the password is hunter2'), correlationId: viewer.correlationId });
  });

  it('answered in a shape that is not agreed count as a bug of the service', async () => {
    await answering.answer(Double, () => Promise.resolve({ result: 'many' } as unknown as { result: number }));
    await until(
      () => problemOf(asking.ask(Double, { number: 1 }, viewer)),
      (problem) => problem === 'failed',
      until10,
    );
  });

  it('too large for a message are refused before they are sent', async () => {
    const Long = once('long', z.object({ text: z.string() }), z.object({}));
    const asked = asking.ask(Long, { text: 'x'.repeat(1_100_000) }, viewer);
    await expect(asked).rejects.toMatchObject({ code: 'too-large' });
  });

  it('go to one of those who answer in the same group', async () => {
    const other = await noticedBus(nats.url);
    const seen = { a: 0, b: 0 };
    await answering.answer(Double, () => ((seen.a += 1), Promise.resolve({ result: 1 })));
    await other.answer(Double, () => ((seen.b += 1), Promise.resolve({ result: 2 })));
    let asked = 0;
    await until(
      async () => {
        await asking.ask(Double, { number: 1 }, viewer);
        asked += 1;
        return seen.a > 0 && seen.b > 0;
      },
      undefined,
      until10,
    );
    expect(seen.a + seen.b).toBe(asked);
    await other.close();
  });

  it('beyond what may be worked on and wait at once are turned away', async () => {
    let running = 0;
    await answering.answer(
      Double,
      () => {
        running += 1;
        return never();
      },
      { concurrency: 1 },
    );
    const Short = { ...Double, deadlineMs: 3_000 };
    const first = problemOf(asking.ask(Short, { number: 1 }, viewer));
    await until(() => running === 1);
    const rest = await Promise.all(
      Array.from({ length: 6 }, () => problemOf(asking.ask(Short, { number: 1 }, viewer))),
    );
    expect(rest.filter((problem) => problem === 'away')).toHaveLength(2);
    expect(await first).toBe('deadline');
    expect(running).toBe(1);
    expect(answering.notices).toContainEqual({ notice: 'overloaded', subject: Double.subject });
  });

  it('for a node tell its handler which node', async () => {
    await answering.answer(Ping, (_request, { nodeId }) => Promise.resolve({ nodeId: nodeId ?? '' }));
    const subject = Ping.subject.replace('*', uuid(4));
    expect(await answered(() => asking.ask(Ping, {}, viewer, { subject }))).toEqual({ nodeId: uuid(4) });
    await expect(asking.ask(Ping, {}, viewer)).rejects.toThrow('give its subject');
  });

  it('at hand are answered before the answering side stops', async () => {
    // One that still arrives while the side stops is at hand too.
    const atHand: (() => void)[] = [];
    const stoppable = await answering.answer(Double, async () => {
      await new Promise<void>((resolve) => atHand.push(resolve));
      return { result: 1 };
    });
    // The first has to outlast those that ask whether the side still takes any.
    const Patient = { ...Double, deadlineMs: 20_000 };
    const Short = { ...Double, deadlineMs: 300 };
    const asked = answered(() => asking.ask(Patient, { number: 1 }, viewer));
    await until(() => atHand.length > 0, undefined, until10);
    const stopped = stoppable.stop();
    await until(
      () => problemOf(asking.ask(Short, { number: 1 }, viewer)),
      (problem) => problem === 'no-responders',
      until10,
    );
    for (const finish of atHand) finish();
    expect(await asked).toEqual({ result: 1 });
    await stopped;
  });

  describe('with a streamed answer', () => {
    const all = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
      const read: T[] = [];
      for await (const item of items) read.push(item);
      return read;
    };

    it('give every item in order and end', async () => {
      await answering.answer(Count, counted);
      const items = await answered(() => all(asking.askStream(Count, { to: 200 }, viewer)));
      expect(items).toEqual(Array.from({ length: 200 }, (_, index) => ({ n: index + 1 })));
    });

    it('may end without an item', async () => {
      await answering.answer(Count, counted);
      expect(await answered(() => all(asking.askStream(Count, { to: 0 }, viewer)))).toEqual([]);
    });

    it('end with the Refusal that the service throws in the middle', async () => {
      await answering.answer(Count, async function* () {
        yield await Promise.resolve({ n: 1 });
        throw new Refusal('verification-failed');
      });
      const read: number[] = [];
      const reading = answered(async () => {
        read.length = 0;
        try {
          for await (const { n } of asking.askStream(Count, { to: 3 }, viewer)) read.push(n);
        } catch (error) {
          if (error instanceof Refusal) return error;
          throw error;
        }
        return undefined;
      });
      await expect(reading).resolves.toMatchObject({ code: 'verification-failed' });
      expect(read).toEqual([1]);
    });

    it('stop at the service when the asker leaves', async () => {
      let left: AbortSignal | undefined;
      await answering.answer(Count, async function* (_request, { signal }) {
        left = signal;
        for (let n = 1; !signal.aborted; n += 1) {
          yield { n };
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      });
      await answered(async () => {
        for await (const { n } of asking.askStream(Count, { to: 3 }, viewer)) if (n === 3) break;
      });
      await until(() => left?.aborted);
    });

    it('end at their deadline though items still come', async () => {
      const Short = { ...Count, deadlineMs: 300 };
      await answering.answer(Short, async function* (_request, { signal }) {
        for (let n = 1; !signal.aborted; n += 1) {
          yield { n };
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      });
      await until(
        () => problemOf(all(asking.askStream(Short, { to: 3 }, viewer))),
        (problem) => problem === 'deadline',
        until10,
      );
    });

    it('are given up when they are not read and pile up', async () => {
      await answering.answer(Count, counted);
      const unread = async () => {
        const stream = asking.askStream({ ...Count, deadlineMs: 20_000 }, { to: 5_000 }, viewer);
        await stream.next();
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        return all(stream);
      };
      await until(
        () => problemOf(unread()),
        (problem) => problem === 'failed',
        until10,
      );
    });
  });
});
