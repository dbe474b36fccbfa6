import { Validator } from '@seriousme/openapi-schema-validator';
import { type Route, routes } from '@muster/contracts';
import { openApiOf } from './open-api.js';

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
