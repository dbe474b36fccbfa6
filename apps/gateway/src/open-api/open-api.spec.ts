import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Validator } from '@seriousme/openapi-schema-validator';
import { type Route, type RouteName, routes } from '@muster/contracts';
import { committedOpenApi } from './committed.js';
import { bodyExamples } from './examples.js';
import { openApiOf } from './open-api.js';
import { tags } from './words.js';

interface Described {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly description: string }[];
  readonly tags: readonly string[];
}
const known = new Set(Object.values(tags).map(({ name }) => name));
const committed = readFileSync(join(import.meta.dirname, '../../../../docs/openapi.json'), 'utf8');

const document = openApiOf({ version: '0.1.0', server: 'http://localhost:8000', cookie: '__Host-muster-session' });
const operations = Object.values(document['paths'] as Record<string, Record<string, { operationId: string }>>).flatMap(
  (path) => Object.values(path),
);

describe('the OpenAPI document', () => {
  it('is a valid one of version 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('is the one in docs, which `npm run documents` writes anew', () => {
    expect(committed === committedOpenApi()).toBe(true);
  });

  it('is taken by the linter without a finding', async () => {
    const config = await createConfig({ extends: ['recommended'] });
    const found = await lintFromString({ source: committed, config });
    expect(found.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`)).toEqual([]);
  });

  it('says of each parameter what it is, and of each route to which part it belongs', () => {
    const found = Object.values(document['paths'] as Record<string, Record<string, Described>>)
      .flatMap((path) => Object.values(path))
      .flatMap(({ operationId, parameters, tags }) => [
        ...parameters.flatMap(({ name, description }) => (description === name ? [`${operationId}: ${name}`] : [])),
        ...tags.flatMap((tag) => (known.has(tag) ? [] : [`${operationId}: ${tag}`])),
      ]);
    expect({ found, remedy: 'Say it in words.ts' }).toEqual({ found: [], remedy: 'Say it in words.ts' });
  });

  it('shows bodies that the routes take', () => {
    for (const [name, body] of Object.entries(bodyExamples))
      expect(routes[name as RouteName].body.safeParse(body)).toMatchObject({ success: true });
  });

  it('refers to what has a name by it', () => {
    expect(document).toMatchObject({
      paths: {
        '/api/nodes/{nodeId}': {
          get: {
            responses: {
              200: { content: { 'application/json': { schema: { $ref: '#/components/schemas/NodeView' } } } },
            },
          },
        },
      },
      components: { schemas: { NodeView: { type: 'object' }, Problem: { type: 'object' } } },
    });
  });

  it('has every route of the table', () => {
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(Object.keys(routes).sort());
  });

  it('tells of every change that it needs the id of a command', () => {
    const changes = Object.values<Route>(routes).filter(({ method }) => method !== 'GET');
    expect(JSON.stringify(document).match(/"muster-command-id"/g)).toHaveLength(changes.length);
  });

  it('says where an API key lets in, and where only a session does', () => {
    const session = { session: [] };
    const keys = [{ bearer: [] }, { key: [] }];
    expect(document).toMatchObject({
      paths: {
        '/api/nodes': { get: { security: [session, ...keys] }, post: { security: [session, ...keys] } },
        '/api/keys': { get: { security: [session] } },
        '/api/settings': { get: { security: [session] } },
        '/api/session': { get: { security: [] } },
      },
    });
  });

  it('describes what stands in a body', () => {
    expect(document).toMatchObject({
      paths: {
        '/api/nodes': {
          post: {
            requestBody: {
              content: { 'application/json': { schema: { required: expect.arrayContaining(['host']) } } },
            },
          },
        },
        '/api/nodes/verify': { post: { responses: { 200: { content: { 'application/x-ndjson': {} } } } } },
        '/api/nodes/{nodeId}': { get: { parameters: [{ name: 'nodeId', in: 'path', required: true }] } },
      },
    });
  });
});
