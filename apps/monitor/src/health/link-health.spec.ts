import { type LinkCause, linkCauses } from '@muster/contracts';
import fc from 'fast-check';
import { healthRules as rules } from './health-rules.js';
import { type LinkHealth, type LinkInput, linkOf, stepLink } from './link-health.js';

const wall = { at: '2026-11-23T12:00:00.000Z', wallOf: (ms: number) => new Date(ms).toISOString() };

/** A link under examination: time stands still unless it is told to pass, and chance is one half. */
class Bench {
  health: LinkHealth = { phase: 'deactivated' };
  nowMs = 0;

  give(...inputs: LinkInput[]): this {
    for (const input of inputs) this.health = stepLink(this.health, input, { nowMs: this.nowMs, random: 0.5 }, rules);
    return this;
  }
  pass(ms: number): this {
    this.nowMs += ms;
    return this;
  }
  tick = (impairedUntilMs = 0): this => this.give({ type: 'tick', impairedUntilMs });
  beats(times: number, apartMs = 1_000): this {
    for (let turn = 0; turn < times; turn++) this.pass(apartMs).tick().give({ type: 'frame', beat: true });
    return this;
  }
  opened = (): this => this.give({ type: 'dial' }, { type: 'opened' });
  closed = (cause: LinkCause = 'closed'): this => this.give({ type: 'closed', cause });
  get link() {
    return linkOf(this.health, undefined, wall, rules);
  }
  get seen(): string | undefined {
    const link = this.link;
    if (link?.phase === 'up') return link.frames;
    return link?.phase === 'down' ? link.cause : link?.phase;
  }
}

const activated = () => new Bench().give({ type: 'activate' });
const linked = () => activated().opened();

describe('the link to a node', () => {
  it('is not there while the node is deactivated', () => {
    expect(new Bench().give({ type: 'dial' }, { type: 'opened' }).link).toBeUndefined();
  });

  it('is connecting until the first dial has ended', () => {
    expect(activated().seen).toBe('connecting');
    expect(activated().give({ type: 'dial' }).seen).toBe('connecting');
  });

  it('is in time at once when the first dial succeeds', () => {
    expect(linked().seen).toBe('in-time');
  });

  it('is down with the cause of the dial that failed, and says when it is tried again', () => {
    const bench = activated().give({ type: 'dial' }, { type: 'dial-failed', cause: 'refused' });
    expect(bench.link).toEqual({
      phase: 'down',
      cause: 'refused',
      since: wall.at,
      nextTryAt: '1970-01-01T00:00:00.250Z',
    });
  });

  it('keeps its cause while it is dialled again', () => {
    const bench = activated().give({ type: 'dial' }, { type: 'dial-failed', cause: 'timed-out' }, { type: 'dial' });
    expect(bench.seen).toBe('timed-out');
  });

  it('is stale after 3 s without a frame and silent after 5 s', () => {
    const bench = linked().beats(5);
    expect(bench.pass(2_999).tick().seen).toBe('in-time');
    expect(bench.pass(1).tick().seen).toBe('stale');
    expect(bench.pass(1_999).tick().seen).toBe('stale');
    expect(bench.pass(1).tick().seen).toBe('silent');
    expect(bench.health.phase).toBe('waiting');
  });

  it('is in time again with the first frame after it was stale', () => {
    expect(linked().pass(3_500).tick().give({ type: 'frame', beat: true }).seen).toBe('in-time');
  });

  it('is not silent while the monitor doubts itself, and silent after that', () => {
    const bench = linked().pass(6_000);
    expect(bench.tick(8_000).seen).toBe('stale');
    expect(bench.pass(1_999).tick(8_000).seen).toBe('stale');
    expect(bench.pass(1).tick(8_000).seen).toBe('silent');
  });

  it('settles after an outage: three frames in time, the hello being the first', () => {
    const bench = linked().beats(3).closed().pass(500).opened();
    expect(bench.seen).toBe('settling');
    expect(bench.beats(1).seen).toBe('settling');
    expect(bench.beats(1).seen).toBe('in-time');
  });

  it('takes a burst of frames for one sign of life', () => {
    const bench = linked().closed().pass(500).opened().pass(1_000);
    expect(bench.beats(20, 1).seen).toBe('settling');
  });

  it('starts settling anew when a frame is late', () => {
    const bench = linked().closed().pass(500).opened().beats(1).pass(3_200).tick();
    expect(bench.seen).toBe('stale');
    expect(bench.give({ type: 'frame', beat: true }).seen).toBe('settling');
    expect(bench.beats(1).seen).toBe('settling');
    expect(bench.beats(1).seen).toBe('in-time');
  });

  it('is made anew at once when what it is made with changes, and that is no failure', () => {
    const refused = activated().give({ type: 'dial' }, { type: 'dial-failed', cause: 'key-refused' });
    expect(refused.give({ type: 'renew' }).health).toMatchObject({ phase: 'waiting', dialAtMs: 0, failures: 0 });
    expect(linked().give({ type: 'renew' }).seen).toBe('connecting');
  });

  it('ends with deactivation, whatever it was', () => {
    expect(linked().give({ type: 'deactivate' }).link).toBeUndefined();
  });

  it('ignores stragglers of a link that is over', () => {
    const bench = linked().closed('refused');
    const before = bench.health;
    expect(bench.give({ type: 'frame', beat: true }, { type: 'closed', cause: 'silent' }).health).toBe(before);
  });
});

describe('a link that flaps', () => {
  const flapping = () => {
    const bench = linked();
    for (let turn = 0; turn < 4; turn++) bench.beats(4).closed().pass(300).opened();
    return bench;
  };

  it('is flapping after the fourth drop in a minute, and stays down though it is linked', () => {
    const bench = linked();
    for (let turn = 0; turn < 3; turn++) bench.beats(4).closed().pass(300).opened();
    expect(bench.beats(4).seen).toBe('in-time');
    expect(bench.closed().pass(300).opened().beats(4).seen).toBe('flapping');
    expect(bench.link).not.toHaveProperty('nextTryAt');
  });

  it('does not count drops further apart', () => {
    const bench = linked();
    for (let turn = 0; turn < 8; turn++) bench.beats(21).closed().pass(300).opened();
    expect(bench.beats(3).seen).toBe('in-time');
  });

  it('counts again after 15 s in steady order', () => {
    const bench = flapping();
    expect(bench.beats(14).tick().seen).toBe('flapping');
    expect(bench.beats(1).tick().seen).toBe('in-time');
  });

  it('is held twice as long at each relapse, up to two minutes', () => {
    const bench = flapping();
    for (const holdS of [15, 30, 60, 120, 120]) {
      expect(bench.beats(holdS - 1).tick().seen).toBe('flapping');
      expect(bench.beats(1).tick().seen).toBe('in-time');
      for (let turn = 0; turn < 4; turn++) bench.beats(1).closed().pass(300).opened();
    }
  });

  it('tells its real cause once it is gone for good', () => {
    const bench = flapping().closed();
    for (let second = 0; second < 61; second++) {
      bench.pass(1_000).tick().give({ type: 'dial' }, { type: 'dial-failed', cause: 'refused' });
      if (second < 55) expect(bench.seen).toBe('flapping');
    }
    expect(bench.seen).toBe('refused');
  });
});

describe('every link', () => {
  const input: fc.Arbitrary<LinkInput> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('frame' as const), beat: fc.boolean() }) },
    { weight: 3, arbitrary: fc.constantFrom<LinkInput>({ type: 'dial' }, { type: 'opened' }, { type: 'activate' }) },
    fc.constantFrom<LinkInput>({ type: 'renew' }, { type: 'deactivate' }),
    fc.record({
      type: fc.constantFrom('dial-failed' as const, 'closed' as const),
      cause: fc.constantFrom(...linkCauses),
    }),
  );
  const history = fc.array(
    fc.record({
      input,
      passedMs: fc.integer({ min: 0, max: 4_000 }),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    }),
    { maxLength: 80 },
  );
  const lead = (steps: { input: LinkInput; passedMs: number; random: number }[], look: (bench: Bench) => void) => {
    const bench = new Bench();
    for (const { input: given, passedMs, random } of steps) {
      bench.pass(passedMs);
      bench.health = stepLink(bench.health, given, { nowMs: bench.nowMs, random }, rules);
      bench.tick();
      look(bench);
    }
    return bench;
  };

  it('is never in time while nothing was heard for longer than its widest patience', () => {
    let heardMs = 0;
    fc.assert(
      fc.property(history, (steps) => {
        lead(steps, ({ health, nowMs, seen }) => {
          if (health.phase === 'up') heardMs = health.lastFrameMs;
          if (seen === 'in-time') expect(nowMs - heardMs).toBeLessThan(rules.staleAfterMs * rules.widenAtMost);
        });
      }),
    );
  });

  it('finds its way back to green from wherever it is, once the node behaves', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const bench = lead(steps, () => undefined).give({ type: 'activate' });
        // The longest way: a wait of 60 s, then the longest hold, then a few frames.
        for (let second = 0; second < 60 + 120 + 10 && bench.seen !== 'in-time'; second++) {
          bench.pass(1_000).tick();
          if (bench.health.phase === 'waiting' && bench.health.dialAtMs <= bench.nowMs) bench.give({ type: 'dial' });
          if (bench.health.phase === 'dialing') bench.give({ type: 'opened' });
          else bench.give({ type: 'frame', beat: true });
        }
        expect(bench.seen).toBe('in-time');
      }),
    );
  });

  it('turns red without an end of its own, when the node falls silent', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const bench = lead(steps, () => undefined)
          .give({ type: 'activate' })
          .opened();
        expect(bench.health.phase).toBe('up');
        bench.pass(rules.silentAfterMs * rules.widenAtMost).tick();
        expect(bench.link?.phase).toBe('down');
      }),
    );
  });

  it('remembers only as much as it needs', () => {
    fc.assert(
      fc.property(history, (steps) => {
        lead(steps, ({ health }) => {
          if (health.phase !== 'deactivated') expect(health.drops.length).toBeLessThanOrEqual(rules.flapDrops + 1);
        });
      }),
    );
  });
});
