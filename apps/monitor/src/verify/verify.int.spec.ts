import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:https';
import { type Caller, Refusal, type ReplyOf, type RequestOf, VerifyNode } from '@muster/contracts';
import { makeCertificate } from '@muster/node-link';
import { SimulatedNode, until } from '@muster/testing';
import { person, Stage } from '../monitor.fixture.js';

jest.setTimeout(60_000);

describe('verification', () => {
  let stage: Stage;
  let node: SimulatedNode;
  const servers: Server[] = [];
  const sockets = new Set<Socket>();

  const listen = async (server: Server): Promise<number> => {
    servers.push(server);
    server.on('connection', (socket: Socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };
  const look = async (
    request: Partial<RequestOf<typeof VerifyNode>>,
    caller: Caller = person(),
  ): Promise<ReplyOf<typeof VerifyNode>[]> => {
    const steps = [];
    const asked = { host: '127.0.0.1', port: node.port, ...request };
    for await (const step of stage.bus.askStream(VerifyNode, asked, caller)) steps.push(step);
    return steps;
  };

  beforeAll(async () => {
    stage = await Stage.open();
    await stage.monitor({ MUSTER_OWN_ADDRESSES: 'localhost:4321' });
  });
  beforeEach(async () => {
    node = await SimulatedNode.start({ accessKey: stage.accessKey, name: 'gpu-04' });
  });
  afterEach(async () => {
    await node.stop();
    for (const socket of sockets) socket.destroy();
    await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  });
  afterAll(async () => {
    await stage.close();
  });

  it('tells every stage of a node as it passes, and then what it is', async () => {
    const steps = await look({ host: 'localhost' });
    const passed = steps.slice(0, -1);
    expect(passed.map((step) => (step.outcome === 'passed' ? step.words : step))).toEqual([
      'Found localhost',
      `Port ${node.port} answers`,
      'Encrypted',
      'Access key accepted',
      'Version 0.0.0-simulated',
      'Not registered yet',
    ]);
    for (const step of passed) expect(step).toMatchObject({ outcome: 'passed', tookMs: expect.any(Number) as number });
    expect(steps.at(-1)).toMatchObject({
      outcome: 'verified',
      certificate: node.certificate,
      version: '0.0.0-simulated',
      hardware: { hostname: 'gpu-04' },
      suggestedName: 'gpu-04',
    });
    await until(() => node.links === 0, Boolean);
  });

  it('names a wrong key', async () => {
    node.setAccessKeys('B'.repeat(43));
    const steps = await look({});
    expect(steps).toHaveLength(4);
    expect(steps.at(-1)).toMatchObject({ outcome: 'failed', stage: 'key', cause: 'key-refused' });
  });

  it('passes a node that has only the former key while a rotation is on, and says so', async () => {
    const former = stage.accessKey;
    await stage.setAccessKey('B'.repeat(43), former);
    const steps = await until(
      () => look({}),
      (all) => all.some((step) => step.outcome === 'passed' && step.words === 'Former access key accepted'),
    );
    expect(steps.at(-1)).toMatchObject({ outcome: 'verified' });
    expect(steps).toHaveLength(7);
    await stage.setAccessKey(former);
    await until(
      () => look({}),
      (all) => all.some((step) => step.outcome === 'passed' && step.words === 'Access key accepted'),
    );
  });

  it('dials only what the settings of this moment allow', async () => {
    const ports = { from: 1_024, to: 65_535 };
    await stage.setDial({ loopback: false, private: true, ports });
    await until(
      () => look({}),
      ([first]) => first?.outcome === 'failed' && first.cause === 'address-not-allowed',
    );
    await stage.setDial({ loopback: true, private: true, ports });
    await until(
      () => look({}),
      (steps) => steps.at(-1)?.outcome === 'verified',
    );
  });

  it('names another protocol version', async () => {
    node.setVersions(99);
    expect((await look({})).at(-1)).toMatchObject({ outcome: 'failed', stage: 'key', cause: 'version' });
  });

  it('names a name that is not found', async () => {
    const [step, more] = await look({ host: 'no-such-host.invalid' });
    expect(step).toMatchObject({ outcome: 'failed', stage: 'name' });
    expect(more).toBeUndefined();
  });

  it('names a port that is closed', async () => {
    const { port } = node;
    await node.stop();
    expect((await look({ port })).at(-1)).toMatchObject({ outcome: 'failed', stage: 'port', cause: 'refused' });
    await node.comeBack();
  });

  it('names a port that speaks something else, and repeats nothing of it', async () => {
    const ssh = await listen(createServer((socket) => socket.end('SSH-2.0-SecretBanner\r\n')));
    const http = await listen(createHttpServer((_request, response) => response.end('SecretBanner')));
    for (const port of [ssh, http]) {
      const steps = await look({ port });
      expect(steps.at(-1)).toMatchObject({ outcome: 'failed', stage: 'encrypted', cause: 'tls' });
      expect(JSON.stringify(steps)).not.toContain('Banner');
    }
  });

  it('names a port that is encrypted and is no node', async () => {
    const { keyPem, certPem } = await makeCertificate({ hostname: 'other' });
    const tls = createTlsServer({ key: keyPem, cert: certPem }, (_request, response) => response.end('SecretBanner'));
    const steps = await look({ port: await listen(tls) });
    expect(steps.at(-1)).toMatchObject({ outcome: 'failed', stage: 'encrypted', cause: 'not-a-node' });
    expect(JSON.stringify(steps)).not.toContain('Banner');
  });

  it('names a port that accepts and says nothing, within the time of the stage', async () => {
    const port = await listen(createServer(() => undefined));
    const startedMs = performance.now();
    expect((await look({ port })).at(-1)).toMatchObject({ outcome: 'failed', stage: 'encrypted', cause: 'timed-out' });
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });

  it.each([
    ['169.254.169.254', 8_022],
    ['fe80::1', 8_022],
    ['127.0.0.1', 4_321],
    ['localhost', 4_321],
    ['127.0.0.1', 22],
    ['::ffff:169.254.169.254', 8_022],
  ])('refuses to dial %s port %d, all in the same words', async (host, port) => {
    const steps = await look({ host, port });
    expect(steps).toMatchObject([{ outcome: 'failed', stage: 'name', cause: 'address-not-allowed' }]);
  });

  it('does not touch its own database and bus', async () => {
    for (const url of [stage.database.url, stage.nats.url])
      expect(await look({ port: Number(new URL(url).port) })).toMatchObject([{ cause: 'address-not-allowed' }]);
  });

  it('knows a machine that is registered, by its certificate and by its address', async () => {
    const nodeId = await stage.register(node);
    await stage.sees(nodeId, 'healthy');
    const byBoth = { outcome: 'failed', stage: 'unregistered', cause: 'already-registered' };
    expect((await look({})).at(-1)).toMatchObject(byBoth);
    expect((await look({ host: 'localhost' })).at(-1)).toMatchObject(byBoth);
    expect((await look({ nodeId })).at(-1)).toMatchObject({ outcome: 'verified' });
    await stage.say(nodeId, 'NodeRemoved', { name: 'it' });
    await until(async () => (await look({})).at(-1)?.outcome === 'verified');
  });

  it('is for those alone who may manage nodes', async () => {
    const viewer: Caller = { ...person(), permissions: ['fleet:view'] };
    await expect(look({}, viewer)).rejects.toMatchObject({ code: 'not-permitted' });
  });

  it('is looked at ten times a minute by one person, while others go on', async () => {
    const ann = person();
    const again = () => look({ port: 22 }, { ...ann, commandId: randomUUID() });
    for (let turn = 0; turn < 10; turn++) await again();
    const refusal = await again().catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(Refusal);
    expect(refusal).toMatchObject({ code: 'too-many-tries', detail: { retryAfterMs: expect.any(Number) as number } });
    expect(await look({ port: 22 })).toHaveLength(1);
  });

  it('leaves nothing open when whoever asked goes away', async () => {
    const going = new AbortController();
    const steps = stage.bus.askStream(VerifyNode, { host: '127.0.0.1', port: node.port }, person(), {
      signal: going.signal,
    });
    await steps.next();
    going.abort();
    await steps.return().catch(() => undefined);
    await until(() => node.links === 0, Boolean);
  });
});
