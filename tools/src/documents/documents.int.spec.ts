import { join } from 'node:path';
import { Parser } from '@asyncapi/parser';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { commentsOf } from './comments.js';
import { type Files, makeDocuments, readDocuments } from './documents.js';

const root = join(import.meta.dirname, '../../..');
const COMMAND = 'Run `npm run documents`: what is in the clone does not follow from libs/contracts.';

// On a busy machine the parser takes its time over some thousand lines.
jest.setTimeout(180_000);

describe('the documents of the bus', () => {
  let there: Files;
  let made: Files;
  const asyncApi = () => there.get('docs/asyncapi.yaml') ?? '';

  beforeAll(async () => {
    [there, made] = await Promise.all([readDocuments(root), makeDocuments(root)]);
  });

  it('are those that follow from contracts', () => {
    const differ = [...made].filter(([path, text]) => there.get(path) !== text).map(([path]) => path);
    expect({ differ, remedy: differ.length === 0 ? '' : COMMAND }).toEqual({ differ: [], remedy: '' });
  });

  it('have a schema for every fact that has a message, under the id that the fact carries', async () => {
    const { document } = await new Parser().parse(asyncApi());
    const facts = document
      ?.messages()
      .all()
      .flatMap((message) => message.extensions().get('x-schema-id')?.value() ?? []);
    const schemas = [...there].filter(([path]) => path.startsWith('docs/schemas/'));
    const ids = schemas.map(([, text]) => (JSON.parse(text) as { $id: string }).$id);
    expect(ids).toEqual(expect.arrayContaining([...new Set(facts)]));
    expect(facts?.length).toBeGreaterThan(40);
    for (const [path, text] of schemas) {
      const { $id, title } = JSON.parse(text) as { $id: string; title: string };
      expect(`docs/schemas/${$id.replace('urn:muster:fact:', '').replace(':', '.')}.json`).toBe(path);
      expect($id).toContain(`:${title}:`);
    }
  });

  it('say of every fact what it means', async () => {
    const { document } = await new Parser().parse(asyncApi());
    const facts = document
      ?.messages()
      .all()
      .filter((message) => message.extensions().get('x-schema-id') !== undefined);
    const mute = facts
      ?.filter((message) => (message.payload()?.description() ?? '') === '')
      .map((message) => message.id());
    expect(mute).toEqual([]);
  });

  it('are taken by the parser of AsyncAPI without a finding, hints included', async () => {
    const { document, diagnostics } = await new Parser().parse(asyncApi());
    expect(diagnostics.map(({ code, message, path }) => `${code}: ${message} (${path.join('/')})`)).toEqual([]);
    expect(document?.version()).toBe('3.1.0');
  });

  it('would not be taken with an operation that AsyncAPI does not know', async () => {
    const { diagnostics } = await new Parser().parse(asyncApi().replace('action: send', 'action: publish'));
    expect(diagnostics.length).toBeGreaterThan(0);
  });

  it('have examples, from the golden files, that fit their schemas', async () => {
    const { document } = await new Parser().parse(asyncApi());
    const ajv = addFormats.default(new Ajv({ strict: false, allErrors: true }));
    const facts = document
      ?.messages()
      .all()
      .filter((message) => message.extensions().get('x-schema-id') !== undefined);
    const wrong = (facts ?? []).flatMap((message) => {
      const { headers, payload } = message.examples().all()[0]?.json() as { headers: object; payload: object };
      return [
        ...[ajv.validate(message.headers()?.json() ?? false, headers) ? [] : `${message.id()}: ${ajv.errorsText()}`],
        ...[ajv.validate(message.payload()?.json() ?? false, payload) ? [] : `${message.id()}: ${ajv.errorsText()}`],
      ].flat();
    });
    expect(wrong).toEqual([]);
  });
});

describe('the comments of a source', () => {
  const comments = commentsOf([
    `const beside = {\n  /** How hot\n   * it is. */ heat: 1 };\n/** A place to cook.\n *\n * - with a list\n */\nexport const Kitchen = z.object({ ...beside,\n/** On the door. */\nname: z.string() });`,
    `export const Hall = z.object({ doors: {\n/** Which way. */\nopens: 1 } });`,
  ]);

  it('are those of a name, of a field in its definition, and of a field beside it in the file', () => {
    expect(comments.of('Kitchen')).toBe('A place to cook.\n\n- with a list');
    expect(comments.ofField('Kitchen', 'name')).toBe('On the door.');
    expect(comments.ofField('Kitchen', 'heat')).toBe('How hot it is.');
    expect(comments.ofField('Hall', 'opens')).toBe('Which way.');
  });

  it('are of nobody else', () => {
    expect(comments.of('Hall')).toBeUndefined();
    expect(comments.ofField('Hall', 'name')).toBeUndefined();
    expect(comments.ofField('Hall', 'heat')).toBeUndefined();
  });
});
