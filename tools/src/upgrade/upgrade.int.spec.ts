import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from '@muster/node-link';
import { allPermissions, type Figures, routes } from '@muster/contracts';
import { SimulatedNode, until } from '@muster/testing';
import { connect } from '@nats-io/transport-node';
import { Client } from 'pg';
import * as z from 'zod';
import { Console } from '../drills/console.js';
import { DrilledMuster } from '../drills/muster.js';
import { type KeptRelease, readKept } from './kept-release.js';
import { makeOldFolder } from './old-folder.js';

// The whole system is started here from what a release before has left behind, twice, on machines that may be busy.
jest.setTimeout(300_000);
const WITHIN_MS = 60_000;

const root = join(import.meta.dirname, '../../..');
const releases = readdirSync(join(root, 'tools/fixtures'));

const Migrations = z.array(z.object({ name: z.string() }));
const Ports = z.object({ postgres: z.number(), nats: z.number(), router: z.number() });

/** Those that 0.1.0 knew. */
const formerPermissions = allPermissions.filter((each) => each !== 'integrations:manage');

describe.each(releases)('a data folder of release %s under this one', (release) => {
  let kept: KeptRelease;
  let place: string;
  let muster: DrilledMuster;
  let node: SimulatedNode;
  let door: Console;

  beforeAll(async () => {
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    const read = await readKept(root, release);
    kept = read.kept;
    place = await mkdtemp(join(tmpdir(), 'muster-upgrade-'));
    await makeOldFolder(join(place, 'data'), read);
    const { certPem, keyPem } = kept.node.certificate;
    const { fingerprint } = kept.shown.nodes.map(({ certificate }) => certificate)[0] as { fingerprint: string };
    node = await SimulatedNode.start({
      name: 'alpha',
      accessKey: kept.secrets.accessKey,
      certificate: { ...(await makeCertificate({ hostname: 'alpha' })), certPem, keyPem, fingerprint },
    });
    node.setModels({ modelId: 'kept.gguf', name: kept.model, source: 'file', kind: 'chat' });
    muster = new DrilledMuster(root, join(place, 'data'), ['--no-node']);
    door = new Console(() => muster.address);
    await muster.start();
  });
  afterAll(async () => {
    await muster.end('SIGINT');
    await node.kill();
    await rm(place, { recursive: true, force: true });
    jest.restoreAllMocks();
  });

  const read = async (path: string): Promise<unknown> => JSON.parse(await door.must('GET', path));
  const figures = async (): Promise<Figures | null> =>
    routes.readFigures.reply.parse(await read('/api/figures')).figures;
  const ports = async () => Ports.parse(JSON.parse(await readFile(join(place, 'data/ports.json'), 'utf8')));
  const ask = async (sql: string): Promise<unknown[]> => {
    const password = (await readFile(join(place, 'data/secrets/postgres-muster'), 'utf8')).trim();
    const { postgres } = await ports();
    const client = new Client({ host: '127.0.0.1', port: postgres, user: 'muster', password, database: 'muster' });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const migrationsOf = async (schema: string): Promise<string[]> =>
    Migrations.parse(await ask(`select name from ${schema}.migrations order by id`)).map(({ name }) => name);
  const allMigrations = async (): Promise<Record<string, string[]>> => {
    const schemas = z
      .array(z.object({ schema: z.string() }))
      .parse(
        await ask(
          `select table_schema as schema from information_schema.tables where table_name = 'migrations' order by 1`,
        ),
      );
    return Object.fromEntries(
      await Promise.all(schemas.map(async ({ schema }) => [schema, await migrationsOf(schema)] as const)),
    );
  };
  const chat = async (key: string) => {
    const { router } = await ports();
    return fetch(`http://127.0.0.1:${router}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ model: kept.model, messages: [{ role: 'user', content: 'Hello' }] }),
      signal: AbortSignal.timeout(10_000),
    });
  };

  it('lets everybody sign in with the password that they had', async () => {
    expect(muster.code).toBeUndefined();
    for (const person of [...kept.people].reverse()) await door.must('POST', '/api/session', person);
    const refused = await door.call('POST', '/api/session', { ...kept.people[0], password: 'not the password' });
    expect(refused.status).toBe(401);
  });

  it('shows the nodes, accounts, keys and settings as they were', async () => {
    const decided = ({
      nodeId,
      name,
      host,
      port,
      activated,
      activation,
      version,
      certificate,
      registeredAt,
    }: Decided) => ({
      ...{ nodeId, name, host, port, activated, activation, version, certificate, registeredAt },
    });
    const Nodes = z.object({ nodes: z.array(z.looseObject({})) });
    const { nodes } = await until(
      async () => Nodes.parse(await read('/api/nodes')),
      (seen) => seen.nodes.length > 0,
      {
        withinMs: WITHIN_MS,
      },
    );
    expect(nodes.map(decided)).toEqual(kept.shown.nodes.map(decided));
    // Whoever had every permission that 0.1.0 knew is given, by a fact of its own, the one that came since.
    const accounts = kept.shown.accounts.map((account) =>
      formerPermissions.every((each) => account.permissions.includes(each))
        ? { ...account, permissions: [...allPermissions].sort(), version: expect.any(Number) as number }
        : account,
    );
    expect(accounts).not.toEqual(kept.shown.accounts);
    expect(await read('/api/accounts')).toMatchObject({ accounts });
    // A key that was revoked is shown for 30 days, and when one was used last has changed.
    const lasting = (keys: KeptRelease['shown']['apiKeys']) =>
      keys.filter(({ revokedAt }) => revokedAt === undefined).map((key) => ({ ...key, lastUsedAt: undefined }));
    const { keys } = routes.listApiKeys.reply.parse(await read('/api/keys'));
    expect(lasting(keys)).toMatchObject(lasting(kept.shown.apiKeys));
    expect(await read('/api/settings')).toMatchObject(kept.shown.settings);
    expect(await read('/api/parked')).toMatchObject({ parked: [] });
  });

  it('tells the same history, fact by fact', async () => {
    const lines = (await door.must('GET', '/api/history/export')).trim().split('\n').reverse();
    const told = lines.map((line) => z.looseObject({ id: z.string() }).parse(JSON.parse(line)));
    const known = new Set(kept.shown.history.map(({ id }) => id));
    expect(told.filter(({ id }) => known.has(id))).toMatchObject(kept.shown.history);
  });

  it('counts what the old bus held and nobody had counted, beside what was counted', async () => {
    const ended = kept.uncounted.filter(({ subject }) => subject.includes('.finished.'));
    expect(ended.length).toBeGreaterThan(0);
    const seen = await until(figures, (now) => now?.handled.allTime === kept.shown.handled + ended.length, {
      withinMs: WITHIN_MS,
    });
    expect(seen?.conservation).toMatchObject({ inFlight: 0, queued: 0 });
    for (const { data } of ended) expect(await read(`/api/requests/${String(data['requestId'])}`)).toBeDefined();
  });

  it('links to a node that kept its key and certificate, gives it orders, and serves by the API keys', async () => {
    const { nodeId } = kept.node;
    const completed = (await figures())?.conservation.completed ?? 0;
    const address = { host: 'localhost', port: node.port, fingerprint: node.certificate.fingerprint };
    await door.must('PATCH', `/api/nodes/${nodeId}`, { address });
    const view = async () => (await door.nodes()).find((each) => each.nodeId === nodeId);
    await until(view, (now) => now?.status.colour === 'green', { withinMs: WITHIN_MS });
    await door.must('POST', `/api/nodes/${nodeId}/executors`, { modelId: 'kept.gguf' });
    await until(
      async () => (await chat(kept.keys['robot'] ?? '')).status,
      (status) => status === 200,
      {
        withinMs: WITHIN_MS,
      },
    );
    expect((await chat(kept.keys['revoked'] ?? '')).status).toBe(401);
    await until(figures, (now) => now?.conservation.completed === completed + 1, { withinMs: WITHIN_MS });
  });

  it('opens the access key that the old release sealed', async () => {
    expect(await door.must('POST', '/api/settings/access-key/show')).toContain(kept.secrets.accessKey);
  });

  it('has run each migration once, those of before in their order', async () => {
    const now = await allMigrations();
    for (const [schema, before] of Object.entries(kept.migrations)) {
      expect(now[schema]?.filter((name) => before.includes(name))).toEqual(before);
      expect(new Set(now[schema]).size).toBe(now[schema]?.length);
    }
  });

  it('starts again without migrating anything, with all that came since', async () => {
    const [before, told] = [await allMigrations(), await figures()];
    await muster.end('SIGINT');
    await muster.start();
    await door.must('POST', '/api/session', kept.people[0]);
    expect(await allMigrations()).toEqual(before);
    await until(figures, (now) => now?.handled.allTime === told?.handled.allTime, { withinMs: WITHIN_MS });
    const [view] = (await door.nodes()).filter(({ nodeId }) => nodeId === kept.node.nodeId);
    expect(view?.port).toBe(node.port);
  });

  it('gives its bus the users of this release, where nobody comes in without a password', async () => {
    const config = await readFile(join(place, 'data/secrets/nats.conf'), 'utf8');
    const before = kept.natsConfig
      .split('\n')
      .find((line) => line.startsWith('authorization'))
      ?.split('<')[0];
    expect(before).toBeDefined();
    expect(config).not.toContain(before);
    expect(config).toContain('user: stats');
    expect(readdirSync(join(place, 'data/nats/jetstream'))).toEqual(['MUSTER']);
    const { nats } = await ports();
    const stranger = connect({ servers: `127.0.0.1:${nats}`, reconnect: false, timeout: 5_000 });
    await expect(stranger).rejects.toThrow(/authorization/i);
  });

  it('goes on with a bus that has lost all it stored', async () => {
    const told = await figures();
    await muster.end('SIGINT');
    await muster.wipeStreams();
    await muster.start();
    await door.must('POST', '/api/session', kept.people[0]);
    const green = async () => (await door.nodes()).find(({ nodeId }) => nodeId === kept.node.nodeId)?.status.colour;
    await until(green, (colour) => colour === 'green', { withinMs: WITHIN_MS });
    const served = async () => (await chat(kept.keys['robot'] ?? '')).status;
    await until(served, (status) => status === 200, { withinMs: WITHIN_MS });
    const completed = (told?.conservation.completed ?? 0) + 1;
    await until(figures, (now) => now?.conservation.completed === completed, { withinMs: WITHIN_MS });
    const { nodes } = z.object({ nodes: z.array(z.looseObject({ nodeId: z.uuid() })) }).parse(await read('/api/nodes'));
    expect(nodes.map(({ nodeId }) => nodeId).sort()).toEqual(kept.shown.nodes.map(({ nodeId }) => nodeId).sort());
  });

  it('is refused in one sentence once a newer release has changed it', async () => {
    await ask(`insert into stats.migrations (timestamp, name) values (1, 'Later1999000000000')`);
    await muster.end('SIGINT');
    await expect(muster.start()).rejects.toThrow(
      /stats cannot start: exit code 78: The stats cannot start\. The database is newer than this release: the tables of stats were changed by Later1999000000000/,
    );
  });
});

type Decided = Record<string, unknown>;
