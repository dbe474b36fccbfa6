import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem, schemaIdOf } from '@muster/contracts';
import { testNats, type TestNats } from '@muster/testing';
import { testGateway, type TestGateway } from '../gateway.examples.js';

const docs = join(import.meta.dirname, '../../../../docs');

describe('the documents that a Gateway serves', () => {
  let nats: TestNats;
  let gateway: TestGateway;

  beforeAll(async () => {
    nats = await testNats();
    gateway = await testGateway(nats.url);
  });
  afterAll(async () => {
    await gateway.stop();
    await nats.stop();
  });

  /** As a program asks that has kept an answer: `fetch` would ask past every cache as soon as it sees the tag. */
  const ask = async (path: string, tag?: string) => {
    const request = httpGet(new URL(path, gateway.url), tag === undefined ? {} : { headers: { 'if-none-match': tag } });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let bytes = 0;
    for await (const part of response) bytes += (part as Buffer).length;
    return { status: response.statusCode, headers: response.headers, bytes };
  };
  const tell = async (path: string) => {
    const response = await gateway.call('GET', path);
    return { status: response.status, media: response.headers.get('content-type'), text: await response.text() };
  };

  it('are the AsyncAPI document of this release, for anyone', async () => {
    expect(await tell('/api/asyncapi.yaml')).toEqual({
      status: 200,
      media: 'application/yaml; charset=utf-8',
      text: await readFile(join(docs, 'asyncapi.yaml'), 'utf8'),
    });
  });

  it('are the JSON Schema of every version of every fact, under its id', async () => {
    const { schemas } = JSON.parse((await tell('/api/schemas')).text) as { schemas: string[] };
    expect(schemas).toContain(schemaIdOf('NodeRegistered'));
    const files = await readdir(join(docs, 'schemas'));
    expect(schemas).toHaveLength(files.length);
    for (const id of schemas) {
      const { status, media, text } = await tell(`/api/schemas/${id}`);
      const [type, version] = id.split(':').slice(-2);
      expect([status, media]).toEqual([200, 'application/schema+json; charset=utf-8']);
      const file = await readFile(join(docs, 'schemas', `${type}.${version}.json`), 'utf8');
      expect(JSON.parse(text)).toEqual(JSON.parse(file));
    }
    expect((await tell(`/api/schemas/${encodeURIComponent(schemaIdOf('NodeRegistered'))}`)).status).toBe(200);
  });

  it('are the OpenAPI document of this very Gateway', async () => {
    const { media, text } = await tell('/api/openapi.json');
    expect(media).toBe('application/json; charset=utf-8');
    expect(JSON.parse(text)).toMatchObject({ openapi: '3.1.0', servers: [{ url: 'http://localhost:8000' }] });
  });

  it.each(['/api/openapi.json', '/api/asyncapi.yaml', `/api/schemas/${schemaIdOf('NodeRegistered')}`])(
    'need not be sent again while they are the same: %s',
    async (path) => {
      const first = await ask(path);
      const tag = first.headers.etag ?? '';
      expect(tag).toMatch(/^"[\w-]{43}"$/);
      expect(first).toMatchObject({ status: 200, headers: { 'cache-control': 'no-cache' } });
      expect(await ask(path, tag)).toMatchObject({ status: 304, bytes: 0 });
      const other = await ask(path, '"another"');
      expect(other).toMatchObject({ status: 200, bytes: first.bytes, headers: { etag: tag } });
    },
  );

  it.each([
    ['urn:muster:fact:NodeRegistered:9', 404, 'not-found'],
    ['urn:muster:fact:NodePainted:1', 404, 'not-found'],
    ['..%2f..%2fpackage.json', 400, 'bad-input'],
    ['NodeRegistered.1.json', 400, 'bad-input'],
  ])('are none for %s', async (id, status, code) => {
    const answer = await tell(`/api/schemas/${id}`);
    expect(answer).toMatchObject({ status, media: expect.stringContaining('application/problem+json') as string });
    const problem = Problem.parse(JSON.parse(answer.text));
    expect(problem.code).toBe(code);
    expect(problem.fields?.map(({ field }) => field)).toEqual(status === 400 ? ['schemaId'] : undefined);
  });

  it('are missed by a Gateway without the folder, which says so and does everything else', async () => {
    const without = await testGateway(nats.url, { DOCUMENTS_ROOT: '/nowhere' });
    const asked = await without.call('GET', '/api/asyncapi.yaml');
    expect([asked.status, Problem.parse(await asked.json()).code]).toEqual([404, 'not-found']);
    expect(await (await without.call('GET', '/api/schemas')).json()).toEqual({ schemas: [] });
    expect((await without.call('GET', '/api/openapi.json')).status).toBe(200);
    await without.stop();
  });
});
