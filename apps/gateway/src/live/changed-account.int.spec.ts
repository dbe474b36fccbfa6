import { type Permission, socketPolicy } from '@muster/contracts';
import { testNats, type TestNats, until } from '@muster/testing';
import { RegistryStandIn, testGateway, type TestGateway, type TestSocket } from '../gateway.examples.js';
import { ConsoleDoor } from './console-door.js';
import { hashOf } from '../sessions/session-cookie.js';

/** What is changed elsewhere takes effect here within this time. */
const WITHIN_MS = 2_000;

describe('an account that is changed while its holder is here', () => {
  let nats: TestNats;
  let registry: RegistryStandIn;
  let gateway: TestGateway;

  beforeEach(async () => {
    nats = await testNats();
    registry = await RegistryStandIn.open(nats.url);
    gateway = await testGateway(nats.url);
  });
  afterEach(async () => {
    await gateway.stop();
    await registry.stop();
    await nats.stop();
  });

  const connected = async (token: string): Promise<TestSocket> => {
    const socket = gateway.socket(token);
    await until(() => socket.connected, undefined, { withinMs: 3_000 });
    return socket;
  };
  const statusOf = async (token: string) => (await gateway.call('GET', '/api/settings', { token })).status;

  it('does what its new permissions allow at once, and its pages are told', async () => {
    const { token, account } = registry.open(['fleet:view', 'settings:manage']);
    const socket = await connected(token);
    let told = 0;
    socket.on('session:changed', () => (told += 1));
    // Nobody answers the order itself here: whoever is let in meets an outage.
    expect(await statusOf(token)).toBe(503);
    await registry.permit(account.accountId, []);
    await until(
      () => told,
      (times) => times === 1,
      { withinMs: WITHIN_MS },
    );
    expect(await statusOf(token)).toBe(403);
    expect(await socket.timeout(2_000).emitWithAck('fleet:join')).toMatchObject({ ok: false, code: 'not-permitted' });
    await registry.permit(account.accountId, ['settings:manage']);
    await until(
      () => statusOf(token),
      (status) => status === 503,
      { withinMs: WITHIN_MS },
    );
  });

  it('hears nothing more from any room within two seconds of being taken the sight of the fleet', async () => {
    const { token, account } = registry.open(['fleet:view']);
    const socket = await connected(token);
    const join = (event: string): Promise<unknown> =>
      (socket.timeout(1_000) as { emitWithAck(event: string): Promise<unknown> }).emitWithAck(event);
    const joins = Object.keys(socketPolicy).filter((event) => event.endsWith(':join'));
    // Those that want a node, or an answer that nobody gives here, come to nothing.
    await Promise.allSettled(joins.map(join));
    const rooms = (): string[] =>
      [...gateway.service.app.get(ConsoleDoor).server.of('/').sockets.values()]
        .flatMap((open) => [...open.rooms].filter((room) => room !== open.id))
        .filter((room) => !/^(?:session|account):/.test(room));
    expect(rooms()).toEqual(expect.arrayContaining(['fleet', 'models']));
    await registry.permit(account.accountId, ['settings:manage']);
    await until(rooms, (left) => left.length === 0, { withinMs: WITHIN_MS });
    expect(socket.connected).toBe(true);
  });

  it('is out within two seconds when it was disabled', async () => {
    const { token, account } = registry.open(['fleet:view']);
    const socket = await connected(token);
    let ended = false;
    socket.on('session:ended', () => (ended = true));
    await registry.disable(account.accountId);
    await until(() => ended && !socket.connected, undefined, { withinMs: WITHIN_MS });
    expect(await statusOf(token)).toBe(401);
  });

  it('is told to pages which list accounts, and to those alone', async () => {
    const [manager, viewer, changed] = [['accounts:manage'], ['fleet:view'], ['fleet:view']].map((may) =>
      registry.open(may as Permission[]),
    );
    const told: string[] = [];
    const lists = async (who: string, token = ''): Promise<void> => {
      (await connected(token)).on('list:changed', (list) => told.push(`${who}: ${list}`));
    };
    await lists('manager', manager?.token);
    await lists('viewer', viewer?.token);
    await registry.disable(changed?.account.accountId ?? '');
    await until(() => told.length, undefined, { withinMs: WITHIN_MS });
    expect(told).toEqual(['manager: accounts']);
  });

  it('leaves other accounts alone', async () => {
    const [one, other] = [registry.open(['fleet:view']), registry.open(['fleet:view'])];
    const [socket, bystander] = [await connected(one.token), await connected(other.token)];
    let told = 0;
    bystander.onAny(() => (told += 1));
    await registry.disable(one.account.accountId);
    await until(() => !socket.connected, undefined, { withinMs: WITHIN_MS });
    expect([bystander.connected, told]).toEqual([true, 0]);
  });

  it('is asked for again when the answer was on its way while it changed', async () => {
    const { token, account } = registry.open(['settings:manage']);
    const witness = registry.open(['fleet:view']);
    const socket = await connected(witness.token);
    let told = 0;
    socket.on('session:changed', () => (told += 1));
    let goOn: (() => void) | undefined;
    registry.onItsWay = (tokenHash) =>
      tokenHash === hashOf(token) && goOn === undefined
        ? new Promise((resolve) => (goOn = resolve))
        : Promise.resolve();
    const status = statusOf(token);
    await until(() => goOn, undefined, { withinMs: WITHIN_MS });
    await registry.permit(account.accountId, []);
    // Facts come in order: once the later one took effect, so did the first.
    await registry.permit(witness.account.accountId, ['fleet:view', 'nodes:manage']);
    await until(() => told === 1, undefined, { withinMs: WITHIN_MS });
    goOn?.();
    expect(await status).toBe(403);
  });
});
