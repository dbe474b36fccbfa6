import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '@muster/contracts';

/** A document, and what tells this text of it from every other (RFC 9110 8.8.3). */
export interface Served<T> {
  readonly content: T;
  readonly etag: string;
}

type Json = Record<string, unknown>;

/** A document with its tag: the SHA-256 of its text. */
export const served = <T>(content: T, text: string): Served<T> => ({
  content,
  etag: `"${createHash('sha256').update(text).digest('base64url')}"`,
});

/**
 * The documents of the bus as they lie in a folder: `asyncapi.yaml`, and `schemas` with a file for each version of each fact. Read once;
 * some 700 KiB stay in memory.
 */
export class Documents {
  readonly #asyncApi: Served<string> | undefined;
  readonly #schemas: ReadonlyMap<string, Served<Json>>;

  /** `onMissing` is told when there is nothing to be served. */
  constructor(folder: string, onMissing: (error: unknown) => void) {
    try {
      const text = readFileSync(join(folder, 'asyncapi.yaml'), 'utf8');
      this.#schemas = readSchemas(join(folder, 'schemas'));
      this.#asyncApi = served(text, text);
    } catch (error) {
      this.#schemas = new Map();
      onMissing(error);
    }
  }

  /** The AsyncAPI document, in YAML. Refuses with `not-found` where there is none. */
  get asyncApi(): Served<string> {
    return this.#asyncApi ?? missing();
  }

  /** The ids of all schemas, by name and version. */
  get schemaIds(): string[] {
    return [...this.#schemas.keys()];
  }

  /** The JSON Schema with this id. Refuses with `not-found` when there is none. */
  schema(id: string): Served<Json> {
    return this.#schemas.get(id) ?? missing();
  }
}

function readSchemas(folder: string): Map<string, Served<Json>> {
  const byId = new Map<string, Served<Json>>();
  for (const name of readdirSync(folder).sort()) {
    const text = readFileSync(join(folder, name), 'utf8');
    const schema = JSON.parse(text) as Json;
    byId.set(String(schema['$id']), served(schema, text));
  }
  return byId;
}

function missing(): never {
  throw new Refusal('not-found');
}
