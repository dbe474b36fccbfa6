import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { schemaIdOf } from '@muster/contracts';
import { format, resolveConfig } from 'prettier';
import { stringify } from 'yaml';
import { asyncApiOf } from './async-api.js';
import { readComments } from './comments.js';
import { type FactType, factTypes, jsonSchemas, standalone } from './json-schemas.js';

/** Files below the root of the clone, by their path, as they have to be. */
export type Files = ReadonlyMap<string, string>;

const SCHEMAS = 'docs/schemas';

/** The documents as they follow from contracts: the AsyncAPI document, and a JSON Schema for each type of fact. */
export async function makeDocuments(root: string): Promise<Files> {
  const contracts = join(root, 'libs/contracts');
  const schemas = jsonSchemas(await readComments(join(contracts, 'src')));
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const examples = new Map<FactType, object>();
  for (const fact of factTypes()) examples.set(fact, await newestFixture(contracts, fact));
  const exampleOf = ({ type }: FactType): object =>
    [...examples].find(([fact]) => fact.type === type)?.[1] ?? fail(`${type} has no fixture`);
  const texts: [string, string][] = [
    ['docs/asyncapi.yaml', stringify(asyncApiOf({ version, schemas, exampleOf }), { aliasDuplicateObjects: false })],
    ...factTypes().map(({ type }): [string, string] => {
      const id = schemaIdOf(type);
      return [schemaPath(id), JSON.stringify(standalone(type, id, schemas.all))];
    }),
  ];
  const files = new Map<string, string>();
  for (const [path, text] of texts) files.set(path, await formatted(join(root, path), text));
  return files;
}

/** Where the schema of an id lies: `docs/schemas/NodeRegistered.1.json`. */
export const schemaPath = (id: string): string => `${SCHEMAS}/${id.split(':').slice(-2).join('.')}.json`;

/** The documents as they are in the clone. */
export async function readDocuments(root: string): Promise<Files> {
  const schemas = await readdir(join(root, SCHEMAS)).catch(() => []);
  const files = new Map<string, string>();
  for (const path of ['docs/asyncapi.yaml', ...schemas.sort().map((name) => `${SCHEMAS}/${name}`)]) {
    const text = await readFile(join(root, path), 'utf8').catch(() => undefined);
    if (text !== undefined) files.set(path, text);
  }
  return files;
}

/** The data of the newest golden file of a type: `fixtures/<family>/<type>.<edition>.json`. */
async function newestFixture(contracts: string, { family, type }: FactType): Promise<object> {
  const folder = join(contracts, 'fixtures', family);
  const editions = (await readdir(folder))
    .map((name) => name.split('.'))
    .filter(([of]) => of === type)
    .map(([, edition]) => Number(edition));
  if (editions.length === 0) throw new Error(`${type} has no golden file in ${folder}`);
  const text = await readFile(join(folder, `${type}.${Math.max(...editions)}.json`), 'utf8');
  return (JSON.parse(text) as { data: object }).data;
}

/** As `npm run format` would leave it. */
const formatted = async (path: string, text: string): Promise<string> =>
  format(text, { ...(await resolveConfig(path)), filepath: path });

function fail(words: string): never {
  throw new Error(words);
}
