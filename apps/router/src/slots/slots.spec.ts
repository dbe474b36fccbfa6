import fc from 'fast-check';
import type { Place } from './place.js';
import { type Ask, type Held, Slots, type Waiter } from './slots.js';

const place = (node: string, more: Partial<Place> = {}): Place => ({
  id: `${node}/tiny`,
  nodeId: node,
  nodeName: node,
  executorId: 'tiny',
  model: 'tiny',
  slots: 1,
  state: 'ready',
  asleep: false,
  kind: 'chat',
  since: '2026-11-23T12:00:00.000Z',
  ...more,
});
const ask = (more: Partial<Ask> = {}): Ask => ({
  model: 'tiny',
  key: 'key',
  prefix: undefined,
  except: undefined,
  ...more,
});

describe('slots', () => {
  let nowMs = 0;
  const made: Slots[] = [];
  const slotsOf = (...places: Place[]) => {
    const slots = new Slots({ random: () => 0.5, monotonicMs: () => nowMs, queueMs: 60_000 });
    slots.update(places);
    made.push(slots);
    return slots;
  };
  const held = (slots: Slots, more: Partial<Ask> = {}): Held => {
    const claim = slots.claim(ask(more));
    if (claim.outcome !== 'claimed') throw new Error(claim.outcome);
    return claim.held;
  };
  const waiting = (slots: Slots, more: Partial<Ask> = {}): Waiter => {
    const claim = slots.claim(ask(more));
    if (claim.outcome !== 'waiting') throw new Error(claim.outcome);
    return claim.waiter;
  };

  beforeEach(() => (nowMs = 0));
  afterEach(() => {
    for (const slots of made.splice(0)) slots.close();
  });

  it('that other routers use are not given, and come back to who waits when they are free', async () => {
    const slots = slotsOf(place('one', { slots: 4 }));
    slots.others(1, new Map([['one/tiny', 2]]));
    held(slots);
    held(slots);
    const waiter = waiting(slots);
    expect(slots.load).toMatchObject([{ inFlight: 2 }]);
    slots.others(1, new Map([['one/tiny', 1]]));
    expect((await waiter.slot)?.place.id).toBe('one/tiny');
  });

  it('can not all be kept by other routers: an equal part stays, and one at least', () => {
    const slots = slotsOf(place('one', { slots: 4 }), place('two', { model: 'small', slots: 1 }));
    const taken = new Map([
      ['one/tiny', 4],
      ['two/tiny', 1],
    ]);
    slots.others(1, taken);
    held(slots);
    held(slots);
    waiting(slots).leave();
    held(slots, { model: 'small' });
    waiting(slots, { model: 'small' }).leave();
  });

  it('are never given twice, and every waiter gets one in its turn, whatever happens in between', async () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ do: fc.constant('claim' as const), key: fc.constantFrom('a', 'b', 'c') }),
        fc.record({ do: fc.constant('release' as const), which: fc.nat() }),
        fc.record({ do: fc.constant('fail' as const), which: fc.nat() }),
        fc.record({ do: fc.constant('leave' as const), which: fc.nat() }),
        fc.record({ do: fc.constant('places' as const), slots: fc.array(fc.nat(3), { maxLength: 4 }) }),
      ),
      { maxLength: 60 },
    );
    await fc.assert(
      fc.asyncProperty(steps, async (told) => {
        const slots = slotsOf(place('n0', { slots: 2 }), place('n1'));
        let limits = new Map([
          ['n0/tiny', 2],
          ['n1/tiny', 1],
        ]);
        const holding: Held[] = [];
        const waiters = new Set<Waiter>();
        const enter = (waiter: Waiter) => {
          waiters.add(waiter);
          void waiter.slot.then((slot) => {
            waiters.delete(waiter);
            if (slot !== undefined) holding.push(slot);
          });
        };
        for (const step of told) {
          const before = new Map(slots.load.map(({ place: { id }, inFlight }) => [id, inFlight]));
          if (step.do === 'claim') {
            const claim = slots.claim(ask({ key: step.key }));
            if (claim.outcome === 'claimed') holding.push(claim.held);
            if (claim.outcome === 'waiting') enter(claim.waiter);
          } else if (step.do === 'release') holding.splice(step.which % (holding.length || 1), 1)[0]?.release(10);
          else if (step.do === 'fail') holding.splice(step.which % (holding.length || 1), 1)[0]?.failed('busy', 1);
          else if (step.do === 'leave') [...waiters][step.which % (waiters.size || 1)]?.leave();
          else {
            limits = new Map(step.slots.map((count, n) => [`n${n}/tiny`, count]));
            slots.update(step.slots.map((count, n) => place(`n${n}`, { slots: count })));
          }
          nowMs += 5;
          await Promise.resolve();
          await Promise.resolve();
          for (const {
            place: { id },
            inFlight,
          } of slots.load) {
            expect(inFlight).toBe(holding.filter((each) => each.place.id === id).length);
            // A place that lost slots keeps what it has, and gets nothing new.
            expect(inFlight).toBeLessThanOrEqual(Math.max(limits.get(id) ?? 0, before.get(id) ?? 0));
          }
          expect(slots.inFlight).toBe(holding.length);
          expect(slots.queued).toBe(waiters.size);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('say whether a model is unknown, offline, or only busy', () => {
    const slots = slotsOf(place('a', { state: 'away' }), place('b', { model: 'other', id: 'b/other' }));
    expect(slots.claim(ask({ model: 'nobody' })).outcome).toBe('model-unknown');
    expect(slots.claim(ask()).outcome).toBe('model-offline');
    slots.update([place('a', { state: 'soon' })]);
    expect(slots.claim(ask()).outcome).toBe('waiting');
    expect(slots.claim(ask({ model: 'other' })).outcome).toBe('model-unknown');
  });

  it('wake a sleeping executor only when the ones that are awake have no room', () => {
    const slots = slotsOf(place('asleep', { state: 'spare', asleep: true }), place('awake'));
    expect(held(slots).place.nodeId).toBe('awake');
    expect(held(slots).place.nodeId).toBe('asleep');
  });

  it('have a queue of twice as many places as slots and at least 30, and say at once when it is full', () => {
    const slots = slotsOf(place('a', { slots: 20 }));
    for (let n = 0; n < 20; n += 1) held(slots);
    for (let n = 0; n < 40; n += 1) waiting(slots, { key: `${n % 7}` });
    const full = slots.claim(ask());
    expect(full).toEqual({ outcome: 'queue-full', retryAfterMs: expect.any(Number) });
    const small = slotsOf(place('a'));
    held(small);
    for (let n = 0; n < 30; n += 1) waiting(small);
    expect(small.claim(ask()).outcome).toBe('queue-full');
  });

  it('go to whoever waited, before anybody new', async () => {
    const slots = slotsOf(place('a'));
    const first = held(slots);
    const second = waiting(slots);
    expect(second.position()).toEqual({ ahead: 0, waiting: 1 });
    const third = waiting(slots);
    expect(third.position()).toEqual({ ahead: 1, waiting: 2 });
    first.release();
    const given = await second.slot;
    expect(given?.place.nodeId).toBe('a');
    given?.release();
    expect((await third.slot)?.place.nodeId).toBe('a');
  });

  it('are given back once, however often that is said', () => {
    const slots = slotsOf(place('a', { slots: 2 }));
    const [one] = [held(slots), held(slots)];
    one.release();
    one.release();
    one.failed('busy');
    expect(slots.inFlight).toBe(1);
  });

  it('let a request that failed at one place go to another alone', async () => {
    const slots = slotsOf(place('a'), place('b'));
    const except = new Set(['a/tiny']);
    expect(slots.hasOther('tiny', except)).toBe(true);
    const other = held(slots, { except });
    expect(other.place.nodeId).toBe('b');
    const waits = waiting(slots, { except });
    expect(held(slots).place.nodeId).toBe('a');
    other.release();
    expect((await waits.slot)?.place.nodeId).toBe('b');
    slots.update([place('a')]);
    expect(slots.hasOther('tiny', except)).toBe(false);
  });

  it('are not looked for where a node just could not be reached', () => {
    const slots = slotsOf(place('a', { slots: 4 }), place('b', { slots: 4 }));
    const one = held(slots);
    one.failed('unreachable', 2_000);
    for (let n = 0; n < 4; n += 1) expect(held(slots).place.nodeId).not.toBe(one.place.nodeId);
    expect(slots.claim(ask()).outcome).toBe('waiting');
    nowMs += 2_001;
    slots.close();
    expect(held(slots).place.nodeId).toBe(one.place.nodeId);
  });

  it('come to whoever waits as soon as a place appears, and end empty when the time is up', async () => {
    const slots = new Slots({ random: () => 0.5, monotonicMs: () => nowMs, queueMs: 20 });
    slots.update([place('a', { state: 'soon' })]);
    expect(await waiting(slots).slot).toBeUndefined();
    const waiter = waiting(slots);
    slots.update([place('a')]);
    expect((await waiter.slot)?.place.nodeId).toBe('a');
    expect(slots.queued).toBe(0);
  });

  it('keep what is in flight on a place that is gone, until it ends', () => {
    const slots = slotsOf(place('a', { slots: 2 }));
    const one = held(slots);
    slots.update([]);
    expect(slots.claim(ask()).outcome).toBe('model-unknown');
    expect(slots.load).toEqual([{ place: expect.objectContaining({ nodeId: 'a', state: 'away' }), inFlight: 1 }]);
    slots.update([place('a', { slots: 2 })]);
    held(slots);
    expect(slots.claim(ask()).outcome).toBe('waiting');
    one.release();
    expect(slots.inFlight).toBe(2);
  });
});
