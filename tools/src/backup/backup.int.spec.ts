import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStore, openDatabase } from '@muster/event-store';
import { freePort } from '../ports.js';
import { type DataFolder, keptSecret, openDataFolder, writeWhole } from '../start/data-folder.js';
import { holdInstance } from '../start/instance.js';
import { ownPostgres, type Postgres } from '../start/postgres.js';
import { runFor } from '../start/run-for.js';
import { backUp } from './backup.js';
import { belongsToBackup } from './contents.js';
import { restore } from './restore.js';

// Clusters are made, copied and started here, on machines that may be busy.
jest.setTimeout(120_000);

const meta = () => ({
  actor: { kind: 'gateway' as const, id: 'registry', name: 'Muster' },
  commandId: randomUUID(),
  correlationId: randomUUID(),
});

describe('a backup', () => {
  let root: string;
  beforeAll(() => void jest.spyOn(process.stdout, 'write').mockReturnValue(true));
  afterAll(() => void jest.restoreAllMocks());
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'muster-backup-test-'));
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  const started = async (dataFolder: string) => {
    const folder = await openDataFolder(dataFolder);
    const port = await freePort();
    await writeWhole(
      join(folder.root, 'ports.json'),
      JSON.stringify({ console: 1, registry: 2, monitor: 3, node: 4, nats: 5, postgres: port }),
    );
    const postgres = await ownPostgres(folder, port, process.env);
    const server = await runFor(postgres.part);
    await postgres.prepare();
    return { folder, postgres, stop: () => server.stop() };
  };
  const open = ({ url }: Postgres) => openDatabase({ url, schema: 'registry', applicationName: 'test' });
  const secretOf = ({ secrets }: DataFolder) => readFile(join(secrets, 'muster-secret'), 'utf8');

  it('of a running system holds every fact that was there when it began, whatever is written meanwhile', async () => {
    const { folder, postgres, stop } = await started(join(root, 'data'));
    const held = await holdInstance(folder.root);
    await keptSecret(folder, 'muster-secret');
    await writeFile(join(folder.node, 'certificate.pem'), 'a certificate');
    const database = await open(postgres);
    const store = new EventStore(database);
    const stream = `node-${randomUUID()}`;
    let [version, writing] = [0, true];
    const writer = (async () => {
      while (writing) ({ version } = await store.append(stream, version, [{ type: 'One', data: { version } }], meta()));
    })();
    while (version < 50) await new Promise(setImmediate);
    const atBegin = version;
    await backUp(folder.root, join(root, 'backup'), process.env);
    writing = false;
    await writer;
    expect(version).toBeGreaterThan(atBegin);
    await database.destroy();
    await stop();
    await held.release();
    expect((await stat(join(root, 'backup'))).mode & 0o077).toBe(0);

    await restore(join(root, 'backup'), join(root, 'again'), process.env);
    const again = await started(join(root, 'again'));
    const restored = await open(again.postgres);
    const { facts } = await new EventStore(restored).read(stream);
    expect(facts.length).toBeGreaterThanOrEqual(atBegin);
    expect(facts.map((fact) => fact.version)).toEqual(facts.map((_, index) => index + 1));
    expect(await restored.query('select epoch from epochs order by epoch')).toEqual([{ epoch: 1 }, { epoch: 2 }]);
    expect(await secretOf(again.folder)).toBe(await secretOf(folder));
    expect(await readFile(join(again.folder.node, 'certificate.pem'), 'utf8')).toBe('a certificate');
    await new EventStore(restored).append(stream, facts.length, [{ type: 'One', data: {} }], meta());
    await restored.destroy();
    await again.stop();
  });

  it('is refused where it would overwrite something, and a restore too', async () => {
    const { folder, postgres, stop } = await started(join(root, 'data'));
    await (await open(postgres)).destroy();
    await stop();
    await keptSecret(folder, 'muster-secret');
    await backUp(folder.root, join(root, 'backup'), process.env);
    await expect(backUp(folder.root, join(root, 'backup'), process.env)).rejects.toThrow('is there already');
    await expect(restore(join(root, 'backup'), folder.root, process.env)).rejects.toThrow('is in use');
    await rm(join(root, 'backup', 'backup.json'));
    await expect(restore(join(root, 'backup'), join(root, 'again'), process.env)).rejects.toThrow('no whole backup');
  });

  it('needs a database of its own in the data folder', async () => {
    await expect(backUp(join(root, 'none'), join(root, 'backup'), process.env)).rejects.toThrow('pg_dump');
  });

  it('leaves out what means nothing to another server', () => {
    const kept = (path: string) => belongsToBackup('/data', `/data/${path}`);
    expect(['PG_VERSION', 'base/1/2619', 'pg_wal', 'pg_xact/0000', 'global/1262'].map(kept)).not.toContain(false);
    const left = ['postmaster.pid', 'pg_wal/000000010000000000000001', 'base/pgsql_tmp', 'base/1/pg_internal.init'];
    expect(left.map(kept)).not.toContain(true);
  });
});
