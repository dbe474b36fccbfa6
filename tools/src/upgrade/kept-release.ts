import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ListedApiKey, ManagedAccount } from '@muster/contracts';
import * as z from 'zod';

/** A fact as its message on the bus was. */
export const BusMessage = z.object({
  subject: z.string(),
  headers: z.record(z.string(), z.string()),
  data: z.record(z.string(), z.unknown()),
});
export type BusMessage = z.infer<typeof BusMessage>;

/** What a release left behind beside its database, and what it showed of it: what the next one has to show as well. */
export const KeptRelease = z.object({
  release: z.string(),
  /** Of this fixture alone: they open nothing else. */
  secrets: z.object({ musterSecret: z.string(), accessKey: z.string(), formerAccessKey: z.string() }),
  people: z.array(z.object({ name: z.string(), password: z.string() })),
  /** API keys in clear, by name. */
  keys: z.record(z.string(), z.string()),
  /** The node that is linked and serves: what a stand-in for it needs. */
  node: z.object({ nodeId: z.uuid(), certificate: z.object({ certPem: z.string(), keyPem: z.string() }) }),
  model: z.string(),
  /** How the bus was configured, with its three holes filled by words in angle brackets. */
  natsConfig: z.string(),
  /** The settings of its streams and buckets, as its server told them. */
  streams: z.array(z.looseObject({ name: z.string() })),
  /** What its streams of facts held, in order; of requests only what had been told and was not counted yet. */
  facts: z.array(BusMessage),
  uncounted: z.array(BusMessage),
  shown: z.object({
    nodes: z.array(z.looseObject({ nodeId: z.uuid(), name: z.string(), activated: z.boolean(), version: z.number() })),
    accounts: z.array(ManagedAccount),
    apiKeys: z.array(ListedApiKey),
    settings: z.looseObject({ version: z.number() }),
    /** The timeline, oldest first. */
    history: z.array(z.looseObject({ id: z.string(), type: z.string() })),
    /** How many requests there ever were, and what became of them; without those that nobody had counted. */
    handled: z.number(),
    tallies: z.array(z.looseObject({})),
  }),
  /** The migrations that each of its schemas had run, in order. */
  migrations: z.record(z.string(), z.array(z.string())),
});
export type KeptRelease = z.infer<typeof KeptRelease>;

/** Where the fixtures of releases before lie, one folder each, named after its version. */
export const keptFolder = (root: string, release: string): string => join(root, 'tools/fixtures', release);

/** A kept release: its facts about itself, and its database as SQL. */
export async function readKept(root: string, release: string): Promise<{ kept: KeptRelease; sql: string }> {
  const folder = keptFolder(root, release);
  const [beside, sql] = await Promise.all([
    readFile(join(folder, 'beside.json'), 'utf8'),
    readFile(join(folder, 'database.sql'), 'utf8'),
  ]);
  return { kept: KeptRelease.parse(JSON.parse(beside)), sql };
}
