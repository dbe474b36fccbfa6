import { randomUUID } from 'node:crypto';
import {
  allPermissions,
  ChangeAccessKey,
  CheckSession,
  CreateAccount,
  type Fact,
  FirstAccountNeeded,
  ListAccounts,
  ShowAccessKey,
  SignIn,
  SignOut,
} from '@muster/contracts';
import { testDatabase, type TestDatabase, testNats, type TestNats, until } from '@muster/testing';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import {
  Asker,
  FIRST_CODE,
  followAll,
  newSecret,
  PASSWORD,
  type Places,
  refusalOf,
  startRegistry,
  visit,
} from '../registry.fixture.js';
import { MAX_SESSIONS } from './account.decider.js';
import { hashOfToken } from './session.js';

describe('the registry, about accounts', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let places: Places;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let asker: Asker;
  let following: Awaited<ReturnType<typeof followAll>>;
  let wire: NatsConnection;
  /** Every fact and every stored value as it went over the wire, headers and all. */
  const messages: string[] = [];

  beforeEach(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
    places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    wire = await connect({ servers: nats.url });
    messages.length = 0;
    for (const subject of ['muster.fleet.>', 'muster.access.>', '$KV.>'])
      wire.subscribe(subject, {
        callback: (_error, message) =>
          void messages.push([message.subject, message.headers?.toString(), message.string()].join('\n')),
      });
    registry = await startRegistry(places);
    asker = await Asker.open(places);
    following = await followAll(asker.bus);
  }, 30_000);
  afterEach(async () => {
    await following.stop();
    await asker.close();
    await registry.stop();
    await wire.close();
    await nats.stop();
    await database.drop();
  });

  const account = (type: Fact['type']) => following.facts.filter((fact) => fact.type === type);
  const session = (token: string) => asker.ask(CheckSession, { tokenHash: hashOfToken(token) });
  const signIn = (password = PASSWORD, from = '192.0.2.1', name = 'Ada') =>
    asker.ask(SignIn, { name, password, ...visit(from) });
  const grace = () => ({
    accountId: randomUUID(),
    name: 'Grace',
    password: 'another password',
    permissions: ['fleet:view' as const],
  });

  it('makes the first account with the one-time code, with every permission, and signs it in', async () => {
    expect(await asker.ask(FirstAccountNeeded, {})).toEqual({ needed: true });
    const opened = await asker.createFirstAccount();
    expect(opened.account).toMatchObject({ name: 'Ada', permissions: [...allPermissions].sort() });
    expect(await asker.ask(FirstAccountNeeded, {})).toEqual({ needed: false });
    const { session: checked } = await session(opened.token);
    expect(checked).toMatchObject({ sessionId: opened.sessionId, account: opened.account });
    expect((await refusalOf(asker.createFirstAccount({ name: 'Eve' }))).code).toBe('first-account-exists');
  });

  it('takes the code however it was typed, and refuses a wrong one at its field', async () => {
    const refusal = await refusalOf(asker.createFirstAccount({ code: 'wrong code' }));
    expect(refusal).toMatchObject({ code: 'code-wrong', detail: { field: 'code' } });
    await asker.createFirstAccount({ code: FIRST_CODE.toLowerCase().replace('-', ' ') });
  });

  it('slows guessing of the code down from the sixth try on', async () => {
    for (let tries = 0; tries < 5; tries += 1)
      expect((await refusalOf(asker.createFirstAccount({ code: `guess ${tries}` }))).code).toBe('code-wrong');
    const refusal = await refusalOf(asker.createFirstAccount({ code: FIRST_CODE }));
    expect(refusal.code).toBe('too-many-tries');
    expect(refusal.detail.retryAfterMs).toBeGreaterThan(0);
    expect(refusal.detail.retryAfterMs).toBeLessThanOrEqual(1_000);
    await until(() => asker.createFirstAccount(), Boolean, { withinMs: 3_000, everyMs: 100 });
  });

  it.each([
    ['one name', ['Ada', 'Ada', 'Ada', 'Ada']],
    ['different names', ['Ada', 'Bea', 'Cleo', 'Dora']],
  ])('lets one of several win who make the first account at the same moment under %s', async (_what, names) => {
    const answers = await Promise.allSettled(names.map((name) => asker.createFirstAccount({ name })));
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const answer of answers)
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'first-account-exists' });
    expect(await database.query('select name from registry.accounts')).toHaveLength(1);
  });

  it('makes no first account when it was started without a code', async () => {
    await registry.stop();
    registry = await startRegistry(places, { MUSTER_FIRST_CODE: '' });
    const refusal = await refusalOf(asker.createFirstAccount());
    expect(refusal.code).toBe('code-wrong');
    expect(refusal.message).toContain('MUSTER_FIRST_CODE');
  });

  it('signs in whoever knows name and password, in whatever letters the name comes', async () => {
    const first = await asker.createFirstAccount();
    const opened = await signIn(PASSWORD, '192.0.2.1', 'ADA');
    expect(opened.account).toEqual(first.account);
    expect(opened.token).not.toBe(first.token);
    expect((await session(first.token)).session?.sessionId).toBe(first.sessionId);
    await until(
      () => account('AccountSignedIn'),
      (facts) => facts.length === 2,
    );
    expect(account('AccountSignedIn')[1]).toMatchObject({
      data: { sessionId: opened.sessionId, device: 'Firefox' },
      meta: { actor: { kind: 'account', id: first.account.accountId, name: 'Ada' } },
    });
  });

  it('refuses a wrong password and an unknown name in the same words', async () => {
    await asker.createFirstAccount();
    const wrong = await refusalOf(signIn('not the password'));
    const unknown = await refusalOf(signIn('not the password', '192.0.2.2', 'Nobody'));
    expect(wrong.code).toBe('sign-in-failed');
    expect([unknown.code, unknown.message, unknown.detail]).toEqual([wrong.code, wrong.message, wrong.detail]);
  });

  it('ends a session by signing out, at once and for good', async () => {
    const { token, sessionId } = await asker.createFirstAccount();
    await asker.ask(SignOut, { tokenHash: hashOfToken(token) });
    expect(await session(token)).toEqual({ session: null });
    await until(
      () => account('AccountSignedOut'),
      (facts) => facts.length === 1,
    );
    expect(account('AccountSignedOut')[0]).toMatchObject({ data: { sessionId } });
    await asker.ask(SignOut, { tokenHash: hashOfToken(token) });
    expect(await session(token)).toEqual({ session: null });
  });

  it('ends the oldest session when an account has one too many', async () => {
    const { token } = await asker.createFirstAccount();
    const opened = [];
    for (let count = 0; count < MAX_SESSIONS; count += 1) opened.push(await signIn());
    expect(await session(token)).toEqual({ session: null });
    for (const one of opened) expect((await session(one.token)).session?.sessionId).toBe(one.sessionId);
    expect(await database.query('select 1 from registry.sessions')).toHaveLength(MAX_SESSIONS);
  });

  it('keeps sessions over a restart', async () => {
    const { token, sessionId } = await asker.createFirstAccount();
    await registry.stop();
    registry = await startRegistry(places);
    expect((await session(token)).session?.sessionId).toBe(sessionId);
  });

  it('ends a session that is too old or was left alone too long', async () => {
    const { token } = await asker.createFirstAccount();
    const { session: fresh } = await session(token);
    expect(Date.parse(fresh?.expiresAt ?? '') - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
    await database.query(`update registry.sessions set seen_at = now() - interval '6 days'`);
    expect((await session(token)).session).not.toBeNull();
    await database.query(`update registry.sessions set seen_at = now() - interval '8 days'`);
    expect(await session(token)).toEqual({ session: null });
    await database.query(`update registry.sessions set seen_at = now(), opened_at = now() - interval '31 days'`);
    expect(await session(token)).toEqual({ session: null });
  });

  it('makes further accounts for whoever may, each name once in whatever letters', async () => {
    await asker.createFirstAccount();
    const commandId = randomUUID();
    const one = grace();
    expect(await asker.ask(CreateAccount, one, { commandId })).toEqual({ version: 2 });
    expect(await asker.ask(CreateAccount, one, { commandId })).toEqual({ version: 2 });
    expect(await asker.ask(CreateAccount, one)).toEqual({ version: 2 });
    expect((await refusalOf(asker.ask(CreateAccount, { ...one, password: 'yet another one' }))).code).toBe('bad-input');
    expect((await refusalOf(asker.ask(CreateAccount, { ...grace(), name: 'gRACE' }))).code).toBe('account-name-taken');
    expect((await asker.ask(ListAccounts, {})).accounts.map(({ name }) => name)).toEqual(['Ada', 'Grace']);
    const { account: opened } = await signIn('another password', '192.0.2.7', 'Grace');
    expect(opened.permissions).toEqual(['fleet:view']);
  });

  it('gives no permission away that the giver does not have, and asks for the permission to make accounts', async () => {
    await asker.createFirstAccount();
    const permissions = ['accounts:manage', 'fleet:view'] as const;
    const more = { ...grace(), permissions: ['fleet:view', 'settings:manage'] as const };
    const refusal = await refusalOf(
      asker.ask(CreateAccount, { ...more, permissions: [...more.permissions] }, { permissions }),
    );
    expect(refusal).toMatchObject({ code: 'not-permitted', detail: { field: 'permissions' } });
    await asker.ask(CreateAccount, grace(), { permissions });
    const without = { permissions: ['nodes:manage', 'settings:manage'] as const };
    expect((await refusalOf(asker.ask(CreateAccount, grace(), without))).code).toBe('not-permitted');
    expect((await refusalOf(asker.ask(ListAccounts, {}, without))).code).toBe('not-permitted');
  });

  it('puts no password, token, code or key into a fact, a table in clear, or the log', async () => {
    const { token } = await asker.createFirstAccount();
    const other = await signIn();
    await refusalOf(signIn('a wrong password'));
    await asker.ask(CreateAccount, grace());
    await asker.ask(ChangeAccessKey, {});
    const { accessKey } = await asker.ask(ShowAccessKey, {});
    await asker.ask(SignOut, { tokenHash: hashOfToken(other.token) });
    await until(
      () => account('AccountSignedOut'),
      (facts) => facts.length === 1,
    );
    await until(
      () => messages.length,
      (count) => count >= 10,
    );
    const tables = await Promise.all(
      ['events', 'accounts', 'credentials', 'sessions', 'failed_tries', 'secrets', 'familiar_addresses'].map((table) =>
        database.query(`select t::text as row from registry.${table} t`),
      ),
    );
    const everything = [...messages, ...registry.log, JSON.stringify(tables)].join('\n');
    const secrets = [token, other.token, PASSWORD, 'a wrong password', 'another password', FIRST_CODE, accessKey];
    for (const secret of [...secrets, places.secret]) expect(everything).not.toContain(secret);
    // What stands for a token or a password is in its table and nowhere else.
    const facts = messages.join('\n');
    expect(facts).not.toContain(hashOfToken(token));
    expect(facts).not.toContain('argon2');
  });
});
