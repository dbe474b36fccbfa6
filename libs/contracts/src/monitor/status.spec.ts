import fc from 'fast-check';
import { Executor } from './executor.js';
import { type Link, linkCauses } from './link.js';
import { judge, type StatusInput, statusOf, statusReasons } from './status.js';

const now = '2026-11-23T12:00:00.000Z';
const later = '2026-11-23T12:00:05.000Z';
const up: Link = { phase: 'up', since: now, frames: 'in-time' };
const executor = (change: Partial<Executor> = {}): Executor =>
  Executor.parse({
    executorId: 'e1',
    model: 'llama-3.1-8b',
    state: 'online',
    slots: 2,
    inFlight: 0,
    queued: 0,
    ...change,
  });
const node = (change: Partial<StatusInput> = {}): StatusInput => ({
  activated: true,
  link: up,
  condition: { condition: 'serving' },
  executors: [],
  ...change,
});

describe('the status of a node', () => {
  it('is green and healthy when it is linked and nothing else holds', () =>
    expect(judge(node())).toMatchObject({ colour: 'green', reason: 'healthy', clears: '' }));

  it('is grey when it is deactivated, whatever else holds', () =>
    expect(judge(node({ activated: false, link: { phase: 'down', cause: 'refused', since: now } }))).toMatchObject({
      colour: 'grey',
      reason: 'deactivated',
    }));

  it('is amber, never green, while nobody watches it', () =>
    expect(judge(node({ link: undefined }))).toMatchObject({ colour: 'amber', reason: 'unwatched' }));

  it.each(linkCauses)('is red with the cause %s when that is why there is no link', (cause) => {
    const status = judge(node({ link: { phase: 'down', cause, since: now } }));
    expect(status).toMatchObject({ colour: 'red', reason: cause });
    expect(status.clears).not.toBe('');
  });

  it('has words of its own for every cause', () => {
    const words = linkCauses.map((cause) => judge(node({ link: { phase: 'down', cause, since: now } })).words);
    expect(new Set(words).size).toBe(linkCauses.length);
  });

  it.each<[string, Partial<StatusInput>, string, string]>([
    ['the node reports an error', { condition: { condition: 'error', message: 'disk full' } }, 'red', 'node-error'],
    ['an executor failed', { executors: [executor(), executor({ state: 'failed' })] }, 'red', 'executor-failed'],
    ['the first link is being made', { link: { phase: 'connecting', since: now } }, 'amber', 'connecting'],
    ['no frame came for 3 s', { link: { ...up, frames: 'stale' } }, 'amber', 'stale'],
    ['the link is back but not yet proven', { link: { ...up, frames: 'settling' } }, 'amber', 'settling'],
    ['the node is starting up', { condition: { condition: 'starting' } }, 'amber', 'node-starting'],
    ['an executor is starting', { executors: [executor({ state: 'starting' })] }, 'amber', 'executor-starting'],
    ['requests are queued', { executors: [executor({ inFlight: 2, queued: 1 })] }, 'amber', 'queued'],
    ['all slots are in use', { executors: [executor({ inFlight: 2 })] }, 'amber', 'all-slots-in-use'],
    ['the node is draining', { condition: { condition: 'draining' } }, 'amber', 'draining'],
    ['one of two slots is free', { executors: [executor({ inFlight: 1 })] }, 'green', 'healthy'],
  ])('when %s', (_when, change, colour, reason) => expect(judge(node(change))).toMatchObject({ colour, reason }));

  it('keeps since while the reason stays and takes the new time when it changes', () => {
    const first = statusOf(node(), undefined, now);
    expect(statusOf(node(), first, later).since).toBe(now);
    expect(statusOf(node({ link: { ...up, frames: 'stale' } }), first, later).since).toBe(later);
  });

  it('is decided for every input, green only when linked and in time, and always says what would clear it', () => {
    const since = fc.constant(now);
    const link = fc.option(
      fc.oneof(
        fc.record({ phase: fc.constant('connecting' as const), since }),
        fc.record({ phase: fc.constant('down' as const), cause: fc.constantFrom(...linkCauses), since }),
        fc.record({
          phase: fc.constant('up' as const),
          since,
          frames: fc.constantFrom('settling' as const, 'in-time' as const, 'stale' as const),
        }),
      ),
      { nil: undefined },
    );
    const executors = fc.array(
      fc.record({
        executorId: fc.string(),
        model: fc.string(),
        state: fc.constantFrom(
          'offline' as const,
          'starting' as const,
          'online' as const,
          'stopping' as const,
          'failed' as const,
        ),
        slots: fc.nat(4),
        inFlight: fc.nat(4),
        queued: fc.nat(4),
      }),
    );
    fc.assert(
      fc.property(fc.boolean(), link, executors, (activated, someLink, someExecutors) => {
        const status = judge({
          activated,
          link: someLink,
          condition: undefined,
          executors: someExecutors.map((each) => executor(each)),
        });
        expect(statusReasons).toContain(status.reason);
        expect(status.clears === '').toBe(status.colour === 'green');
        if (status.colour === 'green')
          expect(activated && someLink?.phase === 'up' && someLink.frames === 'in-time').toBe(true);
      }),
    );
  });
});
