import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBus } from '@muster/bus';
import { Client } from 'pg';
import { type DataFolder, openDataFolder } from './data-folder.js';
import { LogFile } from './log-file.js';
import { checkNats, ownNats } from './nats.js';
import { Part, type PartSpec } from './part.js';
import { isPortFree } from './ports.js';
import { checkDatabase, ownPostgres } from './postgres.js';
import { Roster } from './roster.js';

const WITHIN_MS = 60_000;

describe('the database and the bus of a data folder', () => {
  let folder: DataFolder;
  let roster: Roster;
  let port: number;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
    folder = await openDataFolder(join(await mkdtemp(join(tmpdir(), 'muster-stores-')), 'below'));
    roster = new Roster(join(folder.root, 'processes.json'));
    for (port = 16_000 + (process.pid % 2_000) * 2; !(await isPortFree(port));) port += 1;
  });
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
  afterAll(async () => {
    await roster.close();
    await rm(join(folder.root, '..'), { recursive: true, force: true });
    jest.restoreAllMocks();
  });

  const run = async (spec: PartSpec): Promise<Part> => {
    const log = new LogFile(join(folder.logs, `${spec.name}.log`));
    const part = new Part(spec, log, roster);
    stops.push(async () => {
      await part.stop();
      log.close();
    });
    await part.start();
    return part;
  };
  const query = async (url: string, sql: string): Promise<unknown[]> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };

  it(
    'Postgres keeps its data over a restart, is durable, and lets nobody in without the password',
    async () => {
      const first = await ownPostgres(folder, port, process.env);
      const part = await run(first.part);
      await first.prepare();
      await query(first.url, 'create table kept (it int); insert into kept values (42);');
      expect(await query(first.url, "select current_setting('fsync') as fsync")).toEqual([{ fsync: 'on' }]);
      await expect(checkDatabase(first.url.replace(/:[^:@]*@/, ':wrong@'))).rejects.toThrow(
        /^The Postgres of DATABASE_URL does not let Muster in: password authentication failed/,
      );
      await part.stop();

      const second = await ownPostgres(folder, port, process.env);
      await run(second.part);
      await second.prepare();
      expect(second.url).toBe(first.url);
      expect(await query(second.url, 'select it from kept')).toEqual([{ it: 42 }]);
      await checkDatabase(second.url);
    },
    WITHIN_MS,
  );

  it(
    'NATS answers with JetStream to whoever has the password',
    async () => {
      const nats = await ownNats(folder, port + 1, process.env);
      await run(nats.part);
      await checkNats(nats.url);
      const bus = await connectBus({ servers: nats.url, name: 'test' });
      await bus.assertStreams();
      await bus.close();
      const stranger = connectBus({ servers: `nats://127.0.0.1:${port + 1}`, name: 'stranger', firstTryMs: 1_000 });
      await expect(stranger).rejects.toThrow();
    },
    WITHIN_MS,
  );

  it('no secret is readable for others or stands in the arguments of a process', async () => {
    const postgres = await ownPostgres(folder, port, process.env);
    const nats = await ownNats(folder, port + 1, process.env);
    const secrets = ['postgres-superuser', 'postgres-muster', 'nats-muster'];
    const values = await Promise.all(secrets.map((name) => readFile(join(folder.secrets, name), 'utf8')));
    for (const name of [...secrets, 'nats.conf'])
      expect([name, (await stat(join(folder.secrets, name))).mode & 0o777]).toEqual([name, 0o600]);
    const argv = [...postgres.part.args, ...nats.part.args].join(' ');
    for (const value of values) expect(argv).not.toContain(value.trim());
  });

  it('an address where nobody answers is told in one line that holds no password', async () => {
    await expect(checkDatabase('postgres://me:secret@127.0.0.1:1/x')).rejects.toThrow(
      /DATABASE_URL does not let Muster in: connect ECONNREFUSED 127\.0\.0\.1:1\. Start it or correct DATABASE_URL\.$/,
    );
    await expect(checkNats('nats://me:secret@127.0.0.1:1')).rejects.toThrow(
      /^The NATS of NATS_URL at 127\.0\.0\.1:1 does not answer: connect ECONNREFUSED/,
    );
  });
});
