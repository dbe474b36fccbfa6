import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import type { Recorded } from './recorder.js';

type Json = Record<string, unknown>;

interface Document {
  readonly channels: Record<string, { address: string | null; messages: Json; tags?: { name: string }[] }>;
  readonly components: { readonly messages: Record<string, Json>; readonly schemas: Record<string, Json> };
}

/** A subject of the document, and the messages that may go over it. */
export interface Channel {
  readonly name: string;
  readonly pattern: RegExp;
  readonly tag: string;
  readonly messages: readonly string[];
}

const PATH = join(import.meta.dirname, '../../../../docs/asyncapi.yaml');
const ROOT = 'urn:muster:bus';
const COMPONENT = /^#\/components\/schemas\//;

/**
 * The committed document, read as strictly as can be: a field that it does not name is a finding here, although readers are told
 * to pass over such. It remembers what it has seen, so that what never came can be told.
 */
export class BusDocument {
  readonly channels: readonly Channel[];
  readonly #document: Document;
  readonly #ajv = addFormats.default(
    new Ajv({ strict: false, allErrors: true, formats: { base64: /^[A-Za-z0-9+/]*={0,2}$/ } }),
  );
  readonly #compiled = new Map<string, ValidateFunction>();
  readonly #seenMessages = new Set<string>();
  readonly #seenFields = new Set<string>();

  private constructor(document: Document) {
    this.#document = document;
    this.channels = Object.entries(document.channels).flatMap(([name, { address, messages, tags }]) =>
      address === null
        ? []
        : [{ name, pattern: patternOf(address), tag: tags?.[0]?.name ?? '', messages: Object.keys(messages) }],
    );
    this.#ajv.addSchema({ $id: ROOT, components: closed(merged(document.components)) as Json });
  }

  static async read(): Promise<BusDocument> {
    return new BusDocument(parse(await readFile(PATH, 'utf8')) as Document);
  }

  channelOf(subject: string): Channel | undefined {
    return this.channels.find(({ pattern }) => pattern.test(subject));
  }

  /** What about a message does not stand in the document; nothing when all does. */
  problemsOf(message: Recorded): string[] {
    const channel = this.channelOf(message.subject);
    if (channel === undefined) return [`${message.subject} is no subject of the document`];
    const fitting = channel.messages.filter((name) => this.#hasPayload(name) === message.body.length > 0);
    const tries = fitting.map((name) => ({ name, problems: this.#problems(name, message) }));
    const right = tries.find(({ problems }) => problems.length === 0);
    if (right === undefined)
      return tries.length === 0
        ? [
            `${message.subject}: no message of the channel ${channel.name} ${message.body === '' ? 'has no' : 'has a'} body`,
          ]
        : tries.flatMap(({ name, problems }) => problems.map((problem) => `${name}: ${problem}`));
    this.#see(right.name, message);
    return [];
  }

  /** The same of what came back for an order. */
  problemsOfAnswer(order: string, answer: Recorded): string[] {
    const name = `${order}Answer`;
    const problems = this.#problems(name, answer);
    if (problems.length === 0) this.#see(name, answer);
    return problems.map((problem) => `${name}: ${problem}`);
  }

  /** The messages of channels with this tag that never came. */
  unseenMessages(tag: string): string[] {
    const all = this.channels.filter((channel) => channel.tag === tag).flatMap(({ messages }) => messages);
    return [...new Set(all)].filter((name) => !this.#seenMessages.has(name)).sort();
  }

  /** The fields of messages of channels with these tags that never came, as `<schema>.<field>`. */
  unseenFields(...tags: readonly string[]): string[] {
    const all = new Set<string>();
    const looked = new Set<string>();
    const { schemas, messages } = this.#document.components;
    const look = (schema: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      const { $ref, properties, items, additionalProperties, allOf, oneOf, anyOf } = schema as Json;
      if (typeof $ref === 'string') {
        const name = $ref.replace(COMPONENT, '');
        if (looked.has(name)) return;
        looked.add(name);
        look(schemas[name], name);
      }
      for (const [name, each] of Object.entries((properties ?? {}) as Json)) {
        all.add(`${path}.${name}`);
        look(each, `${path}.${name}`);
      }
      for (const each of [allOf, oneOf, anyOf].flatMap((list) => (Array.isArray(list) ? list : [])) as unknown[])
        look(each, path);
      for (const each of Array.isArray(items) ? items : [items]) look(each, `${path}[]`);
      look(additionalProperties, `${path}.*`);
    };
    for (const channel of this.channels.filter(({ tag }) => tags.includes(tag)))
      for (const name of channel.messages) {
        look(messages[name]?.['headers'], `${name}.headers`);
        look(messages[name]?.['payload'], name);
      }
    return [...all].filter((field) => !this.#seenFields.has(field)).sort();
  }

  #hasPayload(message: string): boolean {
    return this.#document.components.messages[message]?.['payload'] !== undefined;
  }

  #problems(name: string, { headers, body }: Recorded): string[] {
    const described = this.#document.components.messages[name];
    const problems = this.#check(name, 'headers', described?.['headers'] ?? false, headers);
    if (described?.['headers'] === undefined)
      problems.splice(0, problems.length, ...Object.keys(headers).map((header) => `headers: ${header} is not known`));
    if (!this.#hasPayload(name)) return body === '' ? problems : [...problems, 'has a body'];
    return [...problems, ...this.#check(name, 'payload', true, JSON.parse(body) as unknown)];
  }

  #check(name: string, part: 'headers' | 'payload', described: unknown, value: unknown): string[] {
    if (described === false) return [];
    const pointer = `${ROOT}#/components/messages/${name}/${part}`;
    let validate = this.#compiled.get(pointer);
    if (validate === undefined) this.#compiled.set(pointer, (validate = this.#ajv.compile({ $ref: pointer })));
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${part}${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
    );
  }

  #see(name: string, { headers, body }: Recorded): void {
    this.#seenMessages.add(name);
    const { schemas, messages } = this.#document.components;
    const look = (schema: unknown, value: unknown, path: string): void => {
      if (typeof schema !== 'object' || schema === null || value === undefined) return;
      const { $ref, properties, items, additionalProperties, allOf, oneOf, anyOf } = schema as Json;
      if (typeof $ref === 'string') {
        const component = $ref.replace(COMPONENT, '');
        look(schemas[component], value, component);
      }
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        for (const [field, each] of Object.entries((properties ?? {}) as Json))
          if (field in value) {
            this.#seenFields.add(`${path}.${field}`);
            look(each, (value as Json)[field], `${path}.${field}`);
          }
      for (const each of [allOf, oneOf, anyOf].flatMap((list) => (Array.isArray(list) ? list : [])) as unknown[])
        look(each, value, path);
      if (Array.isArray(value))
        for (const item of value)
          for (const each of Array.isArray(items) ? items : [items]) look(each, item, `${path}[]`);
      else if (typeof value === 'object' && value !== null)
        for (const item of Object.values(value)) look(additionalProperties, item, `${path}.*`);
    };
    look(messages[name]?.['headers'], headers, `${name}.headers`);
    if (body !== '') look(messages[name]?.['payload'], JSON.parse(body), name);
  }
}

/** `muster.fleet.node.{nodeId}.registered` as an expression: a parameter is one token. */
const patternOf = (address: string): RegExp =>
  new RegExp(`^${address.replace(/[.$]/g, '\\$&').replace(/\{[^}]+\}/g, '[^.]+')}$`);

/** Headers are told in two parts, those of all facts and what is constant in this one: made one, so that it can be closed. */
function merged({ messages, schemas }: Document['components']): Json {
  const whole = Object.entries(messages).map(([name, message]) => {
    const parts = (message['headers'] as { allOf?: Json[] } | undefined)?.allOf;
    if (parts === undefined) return [name, message];
    const objects = parts.map((part) =>
      typeof part['$ref'] === 'string' ? (schemas[part['$ref'].replace(COMPONENT, '')] ?? {}) : part,
    );
    const properties = Object.assign({}, ...objects.map((each) => each['properties'])) as Json;
    const required = objects.flatMap((each) => (each['required'] ?? []) as string[]);
    return [name, { ...message, headers: { type: 'object', properties, required } }];
  });
  return { schemas, messages: Object.fromEntries(whole) as Json };
}

/** With no field but those that are named, wherever fields are. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const walked = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
  const hasFields = typeof walked['properties'] === 'object' && walked['type'] === 'object';
  return hasFields && walked['additionalProperties'] === undefined
    ? { ...walked, additionalProperties: false }
    : walked;
}
