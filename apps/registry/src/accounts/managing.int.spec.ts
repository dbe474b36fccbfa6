import { randomUUID } from 'node:crypto';
import {
  allPermissions,
  type Caller,
  ChangeAccount,
  ChangePassword,
  CheckSession,
  CreateAccount,
  DeleteAccount,
  DisableAccount,
  EnableAccount,
  EndOwnSessions,
  EndSessions,
  ListAccounts,
  ListOwnSessions,
  ListSessions,
  type Order,
  type Permission,
  SetPassword,
  SignIn,
} from '@muster/contracts';
import { testDatabase, type TestDatabase, testNats, type TestNats } from '@muster/testing';
import { Asker, newSecret, PASSWORD, refusalOf, startRegistry, visit } from '../registry.fixture.js';
import { hashOfToken } from './session.js';

const OTHER = 'another password';

describe('the registry, about managing accounts', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  let asker: Asker;
  let ada: Awaited<ReturnType<Asker['createFirstAccount']>>;
  let grace: string;

  beforeEach(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
    const places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    registry = await startRegistry(places);
    asker = await Asker.open(places);
    ada = await asker.createFirstAccount();
    grace = await make('Grace');
  }, 30_000);
  afterEach(async () => {
    await asker.close();
    await registry.stop();
    await nats.stop();
    await database.drop();
  });

  /** An order by one of the accounts itself. */
  const as = <O extends Order & { answers: 'once' }>(
    accountId: string,
    order: O,
    request: Parameters<typeof asker.bus.ask<O>>[1],
    permissions: readonly Permission[] = allPermissions,
    commandId: string = randomUUID(),
  ) => {
    const actor: Caller['actor'] = { kind: 'account', id: accountId, name: 'somebody' };
    return asker.bus.ask(order, request, {
      actor,
      permissions: [...permissions],
      commandId,
      correlationId: randomUUID(),
    });
  };
  const make = async (name: string, permissions: readonly Permission[] = ['fleet:view']) => {
    const accountId = randomUUID();
    await asker.ask(CreateAccount, { accountId, name, password: OTHER, permissions: [...permissions] });
    return accountId;
  };
  const signIn = (name: string, password = OTHER) => asker.ask(SignIn, { name, password, ...visit() });
  const isOpen = async ({ token }: { token: string }) =>
    (await asker.ask(CheckSession, { tokenHash: hashOfToken(token) })).session !== null;
  const listed = async (accountId: string) =>
    (await asker.ask(ListAccounts, {})).accounts.find((account) => account.accountId === accountId);

  it('renames an account, frees its name and takes the other', async () => {
    await asker.ask(ChangeAccount, { accountId: grace, name: 'Hopper' });
    expect(await listed(grace)).toMatchObject({ name: 'Hopper', disabled: false, permissions: ['fleet:view'] });
    await make('grace');
    expect((await refusalOf(asker.ask(ChangeAccount, { accountId: grace, name: 'GRACE' }))).code).toBe(
      'account-name-taken',
    );
    expect((await signIn('hopper')).account.accountId).toBe(grace);
  });

  it('changes permissions for the sessions that are open', async () => {
    const opened = await signIn('Grace');
    await asker.ask(ChangeAccount, { accountId: grace, permissions: ['fleet:view', 'nodes:manage'] });
    const { session } = await asker.ask(CheckSession, { tokenHash: hashOfToken(opened.token) });
    expect(session?.account.permissions).toEqual(['fleet:view', 'nodes:manage']);
  });

  it('lets the second of two who change one account reload, unless it was only signed in with', async () => {
    const seen = (await listed(grace))?.version ?? 0;
    await signIn('Grace');
    const { version } = await asker.ask(ChangeAccount, { accountId: grace, name: 'Hopper', expectedVersion: seen });
    const late = await refusalOf(asker.ask(ChangeAccount, { accountId: grace, name: 'Late', expectedVersion: seen }));
    expect(late).toMatchObject({ code: 'version-conflict', detail: { currentVersion: version } });
    await asker.ask(ChangeAccount, { accountId: grace, name: 'Next', expectedVersion: version });
  });

  it('ends every session of a disabled account, and says why to whoever has its password alone', async () => {
    const opened = await signIn('Grace');
    await asker.ask(DisableAccount, { accountId: grace });
    expect(await isOpen(opened)).toBe(false);
    expect((await refusalOf(signIn('Grace'))).code).toBe('account-disabled');
    expect((await refusalOf(signIn('Grace', 'not the password'))).code).toBe('sign-in-failed');
    await asker.ask(EnableAccount, { accountId: grace });
    expect(await isOpen(await signIn('Grace'))).toBe(true);
  });

  it('deletes an account for good, with its sessions and its password, and frees its name', async () => {
    const opened = await signIn('Grace');
    const commandId = randomUUID();
    const first = await asker.ask(DeleteAccount, { accountId: grace }, { commandId });
    expect(await asker.ask(DeleteAccount, { accountId: grace }, { commandId })).toEqual(first);
    expect(await isOpen(opened)).toBe(false);
    expect(await listed(grace)).toBeUndefined();
    expect(await database.query('select 1 from registry.credentials')).toHaveLength(1);
    expect((await refusalOf(signIn('Grace'))).code).toBe('sign-in-failed');
    expect((await refusalOf(asker.ask(EnableAccount, { accountId: grace }))).code).toBe('account-deleted');
    expect(await make('Grace')).not.toBe(grace);
  });

  it('lets nobody disable, delete or weaken the own account, nor the last that manages accounts', async () => {
    const { accountId } = ada.account;
    expect((await refusalOf(as(accountId, DisableAccount, { accountId }))).code).toBe('own-account');
    expect((await refusalOf(as(accountId, DeleteAccount, { accountId }))).code).toBe('own-account');
    const viewing = { accountId, permissions: ['fleet:view' as const] };
    expect((await refusalOf(as(accountId, ChangeAccount, viewing))).code).toBe('own-account');
    for (const refused of [
      as(grace, DisableAccount, { accountId }),
      as(grace, DeleteAccount, { accountId }),
      as(grace, ChangeAccount, viewing),
    ])
      expect((await refusalOf(refused)).code).toBe('last-administrator');
    expect(await isOpen(ada)).toBe(true);
    expect(await listed(accountId)).toMatchObject({ disabled: false, permissions: [...allPermissions].sort() });
  });

  it('keeps one of several administrators who delete each other at the same moment', async () => {
    const bea = await make('Bea', allPermissions);
    const cleo = await make('Cleo', allPermissions);
    const ids = [ada.account.accountId, bea, cleo];
    const answers = await Promise.allSettled(
      ids.flatMap((by) => ids.filter((id) => id !== by).map((accountId) => as(by, DeleteAccount, { accountId }))),
    );
    const managers = (await asker.ask(ListAccounts, {})).accounts.filter(({ permissions }) =>
      permissions.includes('accounts:manage'),
    );
    expect(managers).toHaveLength(1);
    const refused = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as object] : []));
    expect(refused.length).toBeGreaterThan(0);
    for (const refusal of refused) expect(refusal).toMatchObject({ code: 'last-administrator' });
  });

  it('sets the password of another account and ends its sessions, but not of one that may do more', async () => {
    const opened = await signIn('Grace');
    await asker.ask(SetPassword, { accountId: grace, password: 'a third password' });
    expect(await isOpen(opened)).toBe(false);
    expect((await refusalOf(signIn('Grace'))).code).toBe('sign-in-failed');
    await signIn('Grace', 'a third password');
    const { accountId } = ada.account;
    const taken = as(grace, SetPassword, { accountId, password: 'a fourth password' }, ['accounts:manage']);
    expect((await refusalOf(taken)).code).toBe('not-permitted');
  });

  it('refuses the commonest passwords wherever one is chosen', async () => {
    const common = { code: 'password-common', detail: { field: 'password' } };
    const account = { accountId: randomUUID(), name: 'Bea', password: 'Password1', permissions: [] };
    expect(await refusalOf(asker.ask(CreateAccount, account))).toMatchObject(common);
    expect(await refusalOf(asker.ask(SetPassword, { accountId: grace, password: '1qaz2wsx' }))).toMatchObject(common);
    const own = { current: PASSWORD, password: 'qwertyuiop', keep: ada.sessionId };
    expect(await refusalOf(as(ada.account.accountId, ChangePassword, own))).toMatchObject(common);
  });

  it('changes the own password by the one until now, and keeps the session in which that was done', async () => {
    const { accountId } = ada.account;
    const elsewhere = await signIn('Ada', PASSWORD);
    const wrong = { current: 'not my password', password: 'a new password', keep: ada.sessionId };
    expect(await refusalOf(as(accountId, ChangePassword, wrong, []))).toMatchObject({
      code: 'password-wrong',
      detail: { field: 'current' },
    });
    const commandId = randomUUID();
    const right = { ...wrong, current: PASSWORD };
    const first = await as(accountId, ChangePassword, right, [], commandId);
    expect(await as(accountId, ChangePassword, right, [], commandId)).toEqual(first);
    expect([await isOpen(ada), await isOpen(elsewhere)]).toEqual([true, false]);
    await signIn('Ada', 'a new password');
  });

  it('slows guessing of the own password down from the sixth try on', async () => {
    const guess = () =>
      refusalOf(as(grace, ChangePassword, { current: 'a guess', password: 'a new password', keep: randomUUID() }, []));
    for (let tries = 0; tries < 5; tries += 1) expect((await guess()).code).toBe('password-wrong');
    expect((await guess()).code).toBe('too-many-tries');
  });

  it('lists sessions with device and last use, and ends one, the others or all', async () => {
    const [one, two, three] = [await signIn('Grace'), await signIn('Grace'), await signIn('Grace')];
    const { sessions } = await as(grace, ListOwnSessions, {}, []);
    expect(sessions.map(({ sessionId }) => sessionId).sort()).toEqual([one, two, three].map((s) => s.sessionId).sort());
    expect(sessions[0]).toMatchObject({ device: 'Firefox', remoteAddress: '192.0.2.1' });
    expect(Math.abs(Date.parse(sessions[0]?.lastUsedAt ?? '') - Date.now())).toBeLessThan(60_000);
    expect(JSON.stringify(sessions)).not.toContain(hashOfToken(one.token));
    expect(await as(grace, EndOwnSessions, { sessionId: one.sessionId }, [])).toEqual({ ended: 1 });
    expect(await as(grace, EndOwnSessions, { sessionId: ada.sessionId }, [])).toEqual({ ended: 0 });
    expect(await as(grace, EndOwnSessions, { keep: three.sessionId }, [])).toEqual({ ended: 1 });
    expect(await Promise.all([one, two, three, ada].map(isOpen))).toEqual([false, false, true, true]);
    expect((await asker.ask(ListSessions, { accountId: grace })).sessions).toHaveLength(1);
    expect(await asker.ask(EndSessions, { accountId: grace })).toEqual({ ended: 1 });
    expect(await isOpen(three)).toBe(false);
  });
});
