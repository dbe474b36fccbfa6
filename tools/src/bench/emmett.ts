import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { run } from '../programs/run.js';

const VERSION = '0.42.0';

export interface Emmett {
  readonly version: string;
  /** Appends one event to a stream that is not there yet. */
  append(stream: string, data: object): Promise<void>;
  close(): Promise<void>;
}

/** What is used of it; it is no dependency, so its own types are not there when this is compiled. */
interface Store {
  readonly schema: { migrate(): Promise<unknown> };
  appendToStream(
    stream: string,
    events: readonly object[],
    options: { expectedStreamVersion: string },
  ): Promise<unknown>;
  close(): Promise<void>;
}

/**
 * emmett's event store, with its own tables in the same database. It is fetched from npm into a folder when the bench runs, so
 * that neither the lockfile nor anybody's installation carries what only a comparison needs.
 */
export async function fetchEmmett(folder: string, url: string): Promise<Emmett> {
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  const wanted = ['emmett', 'emmett-postgresql'].map((name) => `@event-driven-io/${name}@${VERSION}`);
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...wanted], { cwd: folder });
  const path = createRequire(join(folder, 'package.json')).resolve('@event-driven-io/emmett-postgresql');
  const { getPostgreSQLEventStore } = (await import(pathToFileURL(path).href)) as {
    getPostgreSQLEventStore(url: string): Store;
  };
  const store = getPostgreSQLEventStore(url);
  await store.schema.migrate();
  return {
    version: VERSION,
    append: async (stream, data) => {
      const events = [{ type: 'NodeRenamed', data }];
      await store.appendToStream(stream, events, { expectedStreamVersion: 'STREAM_DOES_NOT_EXIST' });
    },
    close: () => store.close(),
  };
}
