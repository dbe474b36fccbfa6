import { randomUUID } from 'node:crypto';
import { allPermissions, Refusal } from '@muster/contracts';
import { EventStore } from '@muster/event-store';
import { Clock, RandomIds } from '@muster/service';
import { testDatabase, type TestDatabase } from '@muster/testing';
import type { DataSource } from 'typeorm';
import { openRegistryDatabase } from '../database.js';
import { GATEWAY } from '../gateway.js';
import { PASSWORD, refusalOf } from '../registry.fixture.js';
import { Accounts } from './accounts.js';
import { Passwords } from './passwords.js';
import { Sessions } from './sessions.js';
import { SignIns } from './sign-in.js';
import { DELAY_CAP_MS } from './throttle.js';
import { Throttle } from './throttle.table.js';

class SetClock extends Clock {
  ms = Date.parse('2026-11-23T12:00:00.000Z');
  now = () => new Date(this.ms).toISOString();
  monotonicMs = () => this.ms;
}

const HOME = '192.0.2.1';
const STRANGER = '198.51.100.9';

describe('guessing a password', () => {
  let test: TestDatabase;
  let database: DataSource;
  let store: EventStore;
  let passwords: Passwords;
  let clock: SetClock;
  let signIns: SignIns;
  const ids = new RandomIds();
  const lost: unknown[] = [];

  /** As after a restart: nothing remembered but what the database holds. */
  const restart = () => {
    signIns = new SignIns({
      store,
      passwords,
      throttle: new Throttle(database),
      sessions: new Sessions(store, clock, ids),
      clock,
      ids,
      onLost: (error) => void lost.push(error),
    });
  };

  beforeAll(async () => {
    passwords = await Passwords.open();
  });
  beforeEach(async () => {
    test = await testDatabase();
    database = await openRegistryDatabase(test.url, () => undefined);
    store = new EventStore(database);
    clock = new SetClock();
    lost.length = 0;
    restart();
    const account = { accountId: randomUUID(), name: 'Ada', password: PASSWORD, at: clock.now() };
    const meta = { actor: GATEWAY, commandId: randomUUID(), correlationId: randomUUID() };
    await new Accounts(store, passwords).create({ ...account, permissions: [] }, meta, allPermissions);
  }, 20_000);
  afterEach(async () => {
    await signIns.settled();
    expect(lost).toEqual([]);
    await database.destroy();
    await test.drop();
  });

  const signIn = (password = PASSWORD, address = HOME, name = 'Ada') =>
    signIns.signIn(name, password, { address, device: 'Firefox', correlationId: randomUUID() });
  const guess = (address = STRANGER, name = 'Ada') => refusalOf(signIn('a wrong guess', address, name));
  async function guessUntilDelayed(address = STRANGER, name = 'Ada'): Promise<void> {
    for (let tries = 0; tries < 5; tries += 1) expect((await guess(address, name)).code).toBe('sign-in-failed');
  }

  it.each(['Ada', 'Nobody'])('is free five times and then waits 1 s, 2 s, 4 s, ..., 15 min, for %s', async (name) => {
    await guessUntilDelayed(STRANGER, name);
    const delays: number[] = [];
    for (let row = 0; row < 12; row += 1) {
      const refusal = await guess(STRANGER, name);
      expect(refusal.code).toBe('too-many-tries');
      const { retryAfterMs = 0 } = refusal.detail;
      delays.push(retryAfterMs);
      clock.ms += retryAfterMs - 1;
      expect((await guess(STRANGER, name)).detail.retryAfterMs).toBe(1);
      clock.ms += 1;
      expect((await guess(STRANGER, name)).code).toBe('sign-in-failed');
    }
    expect(delays).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900].map((seconds) => seconds * 1_000));
  });

  it('does not look at the password while a delay runs', async () => {
    await guessUntilDelayed();
    expect((await refusalOf(signIn(PASSWORD, STRANGER))).code).toBe('too-many-tries');
    clock.ms += 1_000;
    await signIn(PASSWORD, STRANGER);
  });

  it('is delayed from many addresses as from one', async () => {
    for (let tries = 0; tries < 5; tries += 1) await guess(`203.0.113.${tries}`);
    expect((await guess('203.0.113.77')).code).toBe('too-many-tries');
  });

  it('is delayed from one address over many names', async () => {
    for (let tries = 0; tries < 5; tries += 1) await guess(STRANGER, `name ${tries}`);
    expect((await guess(STRANGER, 'name 77')).code).toBe('too-many-tries');
  });

  it('is one guess, not a hundred, when a hundred are sent at once', async () => {
    await guessUntilDelayed();
    clock.ms += 1_000;
    const refusals = await Promise.all(Array.from({ length: 100 }, () => guess()));
    expect(refusals.filter(({ code }) => code === 'sign-in-failed')).toHaveLength(1);
  });

  it('keeps nobody out who signs in from where they signed in before', async () => {
    await signIn();
    for (let tries = 0; tries < 20; tries += 1) {
      await guess(`203.0.113.${tries}`);
      clock.ms += DELAY_CAP_MS;
    }
    expect((await guess('203.0.113.99')).code).toBe('sign-in-failed');
    expect((await guess('203.0.113.100')).code).toBe('too-many-tries');
    await signIn();
  });

  it('is not forgotten by a restart', async () => {
    await guessUntilDelayed();
    restart();
    expect((await guess()).code).toBe('too-many-tries');
  });

  it('is forgiven by the right password, for this account and no other', async () => {
    for (let tries = 0; tries < 4; tries += 1) await guess(HOME);
    await signIn();
    await guess(HOME);
    expect((await guess(HOME)).code).toBe('too-many-tries');
    await signIn(PASSWORD, '192.0.2.2');
  });

  it('leaves a fact each time that a delay begins, and none before', async () => {
    await guessUntilDelayed();
    clock.ms += 1_000;
    await guess();
    await guess();
    await signIns.settled();
    const facts = await test.query<{ data: { tries: number } }>(
      `select data from registry.events where type = 'AccountSignInRefused' order by pos`,
    );
    expect(facts.map(({ data }) => data.tries)).toEqual([5, 6]);
  });

  it('keeps no name that was typed', async () => {
    await guess(STRANGER, 'my-password-by-mistake');
    const rows = await test.query('select t::text as row from registry.failed_tries t');
    expect(rows).toHaveLength(2);
    expect(JSON.stringify(rows)).not.toMatch(/my-password|198\.51/);
  });

  it('keeps a bounded number of rows', async () => {
    await test.query(
      `insert into registry.failed_tries select 'row ' || n, 1, $1::timestamptz - n * interval '1 ms'
       from generate_series(1, 20050) n`,
      [clock.now()],
    );
    await new Throttle(database).clear(clock.ms);
    expect(await test.query('select count(*)::int as rows from registry.failed_tries')).toEqual([{ rows: 20_000 }]);
    await new Throttle(database).clear(clock.ms + 2 * 86_400_000);
    expect(await test.query('select count(*)::int as rows from registry.failed_tries')).toEqual([{ rows: 0 }]);
  });

  it('takes as long for a name that nobody has as for a wrong password', async () => {
    const timed = async (name: string, address: string) => {
      const begun = performance.now();
      await guess(address, name);
      return performance.now() - begun;
    };
    const ratios: number[] = [];
    for (let round = 0; round < 15; round += 1) {
      // Far enough apart that every try is looked at.
      clock.ms += 2 * 86_400_000;
      const known = await timed('Ada', `203.0.113.${round}`);
      ratios.push((await timed(`Nobody ${round}`, `203.0.113.${100 + round}`)) / known);
    }
    // In turns and each against its neighbour, so that a busy machine is busy for both. Without the hashing, which is most of
    // the work, a name that nobody has would take a third of the time.
    const [median = 0] = ratios.sort((one, other) => one - other).slice(7);
    expect(median).toBeGreaterThan(0.5);
    expect(median).toBeLessThan(2);
  });

  it('turns tries away that come faster than they can be looked at, and does not count those', async () => {
    const refusals = await Promise.all(
      Array.from({ length: 60 }, (_, index) => guess(`203.0.113.${index}`, `Nobody ${index}`)),
    );
    const turnedAway = refusals.filter(({ code }) => code === 'too-many-tries');
    const { length } = await test.query('select 1 from registry.failed_tries where failures > 0');
    expect(length).toBe(2 * (60 - turnedAway.length));
    expect(refusals.every((one) => one instanceof Refusal)).toBe(true);
  });
});
