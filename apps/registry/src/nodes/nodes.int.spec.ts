import { randomUUID } from 'node:crypto';
import {
  ActivateNode,
  ChangeNode,
  DeactivateNode,
  Fleet,
  type NodeEvent,
  type Fact,
  PinCertificate,
  RegisterNode,
  RemoveNode,
  type VerifyStep,
} from '@muster/contracts';
import type { RunningService } from '@muster/service';
import { testDatabase, type TestDatabase, testNats, type TestNats, until } from '@muster/testing';
import { Asker, followAll, machine, newSecret, refusalOf, startRegistry } from '../registry.fixture.js';

type Machine = ReturnType<typeof machine>;

describe('the registry, about nodes', () => {
  let database: TestDatabase;
  let nats: TestNats;
  let registries: RunningService[];
  let asker: Asker;
  let facts: Awaited<ReturnType<typeof followAll>>;
  /** What stands at each address of the spec's own network; nothing elsewhere. */
  const network = new Map<string, Machine>();
  const looks: string[] = [];

  beforeAll(async () => {
    [database, nats] = await Promise.all([testDatabase(), testNats()]);
    const places = { databaseUrl: database.url, natsUrl: nats.url, secret: newSecret() };
    // Two of them, as behind one queue: whatever holds here holds between processes.
    registries = [await startRegistry(places), await startRegistry(places)];
    asker = await Asker.open(places);
    facts = await followAll(asker.bus);
    await asker.verifyAnswers(({ host, port }) => {
      looks.push(`${host}:${port}`);
      return network.get(`${host}:${port}`)?.steps ?? [nobodyThere];
    });
  }, 60_000);

  afterAll(async () => {
    await facts.stop();
    await asker.close();
    await Promise.all(registries.map((one) => one.stop()));
    await nats.stop();
    await database.drop();
  });

  const nobodyThere: VerifyStep = {
    outcome: 'failed',
    stage: 'port',
    tookMs: 3,
    cause: 'refused',
    words: 'Nothing listens on that port',
    remedy: 'Start the node service there.',
  };

  let count = 0;
  /** A machine that nobody has registered, and the order that would. */
  function newcomer() {
    count += 1;
    const host = `gpu-${count}.lab`;
    const found = machine();
    network.set(`${host}:8022`, found);
    return {
      found,
      order: { nodeId: randomUUID(), name: `otter ${count}`, host, port: 8022, fingerprint: found.fingerprint },
    };
  }
  async function registered() {
    const { order, found } = newcomer();
    await asker.ask(RegisterNode, order);
    return { ...order, found };
  }
  const factsOf = (nodeId: string) => facts.facts.filter(({ stream }) => stream === `node-${nodeId}`);
  const typesOf = (nodeId: string, atLeast: number) =>
    until(
      () => factsOf(nodeId).map(({ type }) => type),
      (types) => types.length >= atLeast,
    );

  it('registers a verified node: registered, pinned and activated, on the bus in this order', async () => {
    const { order, found } = newcomer();
    expect(await asker.ask(RegisterNode, order)).toEqual({ version: 3 });
    expect(await typesOf(order.nodeId, 3)).toEqual(['NodeRegistered', 'NodeCertificatePinned', 'NodeActivated']);
    const fleet = new Fleet();
    for (const fact of facts.facts) if (fact.stream.startsWith('node-')) fleet.apply(fact as Fact<NodeEvent>);
    expect(fleet.nodes.get(order.nodeId)).toMatchObject({
      name: order.name,
      host: order.host,
      activated: true,
      activation: { by: 'Ada' },
      certificate: found.certificate,
    });
  });

  it('answers a retry of the same order with the first result, whatever became of the node, and looks no second time', async () => {
    const { order } = newcomer();
    const commandId = randomUUID();
    const first = await asker.ask(RegisterNode, order, { commandId });
    await asker.ask(DeactivateNode, { nodeId: order.nodeId });
    const before = looks.length;
    expect(await asker.ask(RegisterNode, order, { commandId })).toEqual(first);
    expect(looks).toHaveLength(before);
    expect(await typesOf(order.nodeId, 4)).toHaveLength(4);
  });

  it('says nothing new when the same order comes under another id', async () => {
    const node = await registered();
    const { found, ...order } = node;
    expect(found.fingerprint).toBe(order.fingerprint);
    expect(await asker.ask(RegisterNode, order)).toEqual({ version: 3 });
  });

  it('refuses a node that does not verify, with the words of the stage that failed', async () => {
    const { order } = newcomer();
    network.delete(`${order.host}:8022`);
    const refusal = await refusalOf(asker.ask(RegisterNode, order));
    expect(refusal.code).toBe('verification-failed');
    expect(refusal.message).toBe('Nothing listens on that port. Start the node service there.');
    network.set(`${order.host}:8022`, machine());
  });

  it('refuses a node that shows another certificate than the one accepted', async () => {
    const { order } = newcomer();
    network.set(`${order.host}:8022`, machine());
    expect((await refusalOf(asker.ask(RegisterNode, order))).code).toBe('certificate-differs');
  });

  it('refuses a name that another node has, in whatever letters', async () => {
    const node = await registered();
    const { order } = newcomer();
    const refusal = await refusalOf(asker.ask(RegisterNode, { ...order, name: node.name.toUpperCase() }));
    expect(refusal).toMatchObject({ code: 'node-name-taken', detail: { field: 'name' } });
  });

  it('refuses an address that another node has, in whatever letters', async () => {
    const node = await registered();
    const { order, found } = newcomer();
    network.set(`${node.host.toUpperCase()}:8022`, found);
    const refusal = await refusalOf(asker.ask(RegisterNode, { ...order, host: node.host.toUpperCase() }));
    expect(refusal).toMatchObject({ code: 'node-address-taken', detail: { field: 'host' } });
  });

  it('refuses a machine that is registered under another address', async () => {
    const node = await registered();
    const { order } = newcomer();
    network.set(`${order.host}:8022`, node.found);
    const refusal = await refusalOf(asker.ask(RegisterNode, { ...order, fingerprint: node.fingerprint }));
    expect(refusal.code).toBe('node-already-registered');
  });

  it('lets exactly one of many win who register the same name at the same moment', async () => {
    const name = 'contested';
    const answers = await Promise.allSettled(
      Array.from({ length: 12 }, () => asker.ask(RegisterNode, { ...newcomer().order, name })),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const codes = answers.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []));
    expect(codes).toEqual(Array.from({ length: 11 }, () => 'node-name-taken'));
  });

  it('refuses who has seen an older version, and tells the current one', async () => {
    const { nodeId } = await registered();
    await asker.ask(ChangeNode, { nodeId, name: `heron ${nodeId.slice(0, 8)}`, expectedVersion: 3 });
    const refusal = await refusalOf(asker.ask(DeactivateNode, { nodeId, expectedVersion: 3 }));
    expect(refusal).toMatchObject({ code: 'version-conflict', detail: { currentVersion: 4 } });
  });

  it('lets one of two win who change the same version at the same moment', async () => {
    const { nodeId } = await registered();
    const names = ['a', 'b'].map((letter) => `${letter} ${nodeId.slice(0, 8)}`);
    const answers = await Promise.allSettled(
      names.map((name) => asker.ask(ChangeNode, { nodeId, name, expectedVersion: 3 })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(answers.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'version-conflict', detail: { currentVersion: 4 } },
    });
  });

  it('renames, deactivates and activates without a look at the node', async () => {
    const { nodeId } = await registered();
    const before = looks.length;
    const name = `renamed ${nodeId.slice(0, 8)}`;
    expect(await asker.ask(ChangeNode, { nodeId, name })).toEqual({ version: 4 });
    expect(await asker.ask(DeactivateNode, { nodeId })).toEqual({ version: 5 });
    expect(await asker.ask(DeactivateNode, { nodeId })).toEqual({ version: 5 });
    expect(await asker.ask(ActivateNode, { nodeId })).toEqual({ version: 6 });
    expect(looks).toHaveLength(before);
  });

  it('moves a node to an address where it verifies, and frees the one before', async () => {
    const node = await registered();
    const address = { host: 'moved.lab', port: 9000, fingerprint: node.fingerprint };
    expect((await refusalOf(asker.ask(ChangeNode, { nodeId: node.nodeId, address }))).code).toBe('verification-failed');
    network.set('moved.lab:9000', node.found);
    expect(await asker.ask(ChangeNode, { nodeId: node.nodeId, address })).toEqual({ version: 4 });
    const { order, found } = newcomer();
    network.set(`${node.host}:8022`, found);
    await asker.ask(RegisterNode, { ...order, host: node.host });
  });

  it('pins the certificate that a node shows now, when it is the one accepted', async () => {
    const node = await registered();
    const renewed = machine();
    network.set(`${node.host}:8022`, renewed);
    const { nodeId } = node;
    expect((await refusalOf(asker.ask(PinCertificate, { nodeId, fingerprint: machine().fingerprint }))).code).toBe(
      'certificate-differs',
    );
    const { fingerprint } = renewed;
    expect(await asker.ask(PinCertificate, { nodeId, fingerprint })).toEqual({ version: 4 });
    expect(await asker.ask(PinCertificate, { nodeId, fingerprint })).toEqual({ version: 4 });
    await typesOf(nodeId, 4);
    expect(factsOf(nodeId)[3]).toMatchObject({
      type: 'NodeCertificatePinned',
      data: { certificate: renewed.certificate, from: node.fingerprint },
    });
  });

  it('removes a node: its id never comes back, its name, address and machine may', async () => {
    const { found, ...order } = await registered();
    await asker.ask(RemoveNode, { nodeId: order.nodeId });
    expect((await refusalOf(asker.ask(RegisterNode, order))).code).toBe('node-removed');
    expect((await refusalOf(asker.ask(ActivateNode, { nodeId: order.nodeId }))).code).toBe('node-removed');
    const again = { ...order, nodeId: randomUUID() };
    expect(found.fingerprint).toBe(again.fingerprint);
    expect(await asker.ask(RegisterNode, again)).toEqual({ version: 3 });
  });

  it.each([
    ['activate', ActivateNode],
    ['deactivate', DeactivateNode],
    ['remove', RemoveNode],
  ] as const)('refuses to %s a node that never was', async (_what, order) => {
    expect((await refusalOf(asker.ask(order, { nodeId: randomUUID() }))).code).toBe('node-unknown');
  });

  it('takes orders about nodes from nobody without the permission', async () => {
    const { nodeId } = await registered();
    const permissions = ['fleet:view', 'accounts:manage', 'settings:manage'] as const;
    const { order } = newcomer();
    for (const give of [
      () => asker.ask(RegisterNode, order, { permissions }),
      () => asker.ask(ChangeNode, { nodeId, name: 'mine' }, { permissions }),
      () => asker.ask(PinCertificate, { nodeId, fingerprint: order.fingerprint }, { permissions }),
      () => asker.ask(ActivateNode, { nodeId }, { permissions }),
      () => asker.ask(DeactivateNode, { nodeId }, { permissions }),
      () => asker.ask(RemoveNode, { nodeId }, { permissions }),
    ])
      expect((await refusalOf(give())).code).toBe('not-permitted');
  });

  it('names every field that is wrong', async () => {
    const { order } = newcomer();
    const refusal = await refusalOf(asker.ask(RegisterNode, { ...order, name: ' ', host: 'https://x', port: 70_000 }));
    expect(refusal.code).toBe('bad-input');
    expect(refusal.detail.fields?.map(({ field }) => field)).toEqual(['name', 'host', 'port']);
  });
});
