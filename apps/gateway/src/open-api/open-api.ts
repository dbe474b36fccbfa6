import { COMMAND_ID_HEADER, grantedByKey, permissions, Problem, type Route, routes } from '@muster/contracts';
import * as z from 'zod/mini';
import { PROBLEM_MEDIA } from '../doors/problems.js';

type Json = Record<string, unknown>;

const asJson = (schema: z.ZodMiniType, io: 'input' | 'output'): Json => {
  const json: Json = { ...z.toJSONSchema(schema, { io, unrepresentable: 'any' }) };
  // OpenAPI 3.1 says itself which dialect its schemas are in.
  delete json['$schema'];
  return json;
};

const isEmpty = (schema: z.ZodMiniType): boolean => {
  const { properties } = asJson(schema, 'input');
  return properties !== undefined && Object.keys(properties as Json).length === 0;
};

const parameters = (schema: z.ZodMiniType, where: 'path' | 'query'): Json[] => {
  const { properties = {}, required = [] } = asJson(schema, 'input') as { properties?: Json; required?: string[] };
  return Object.entries(properties).map(([name, each]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: each,
  }));
};

const headers = ({ method, params }: Route): Json[] => {
  if (method === 'GET') return [];
  const commandId = {
    name: COMMAND_ID_HEADER,
    in: 'header',
    required: true,
    description: 'Names the order: a retry with the same id has no second effect.',
    schema: { type: 'string', format: 'uuid' },
  };
  const ifMatch = {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: 'The version, in quotes, that the change was decided on; another one is refused as version-conflict.',
    schema: { type: 'string', pattern: '^(\\*|"[1-9][0-9]*")$' },
  };
  return isEmpty(params) && method !== 'PATCH' ? [commandId] : [commandId, ifMatch];
};

const allowedWords = ({ allowed }: Route): string => {
  if (allowed === 'anyone') return 'For anyone.';
  if (allowed === 'signed-in') return 'For whoever is signed in.';
  return `Needs the permission \`${allowed}\`: ${permissions[allowed]}.`;
};

/** Any one of these lets in: a session, or where keys may go at all a key in either header. */
const securityOf = (allowed: Route['allowed']): Json[] => [
  { session: [] },
  ...(Object.values(grantedByKey)
    .flat()
    .some((granted) => granted === allowed)
    ? [{ bearer: [] }, { key: [] }]
    : []),
];

const contentOf = ({ media, also }: Route, schema: Json): Json => ({
  [media]: { schema },
  ...(also && { [also]: { schema: { type: 'string' } } }),
});

function operation(name: string, route: Route): Json {
  const hasBody = !isEmpty(route.body);
  const schema = asJson(route.reply, 'output');
  const success =
    route.status === 204 ? { description: 'Done' } : { description: 'Done', content: contentOf(route, schema) };
  return {
    operationId: name,
    summary: route.summary,
    description: allowedWords(route),
    ...(route.allowed === 'anyone' ? {} : { security: securityOf(route.allowed) }),
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query'), ...headers(route)],
    ...(hasBody
      ? { requestBody: { required: true, content: { 'application/json': { schema: asJson(route.body, 'input') } } } }
      : {}),
    responses: { [route.status]: success, default: { $ref: '#/components/responses/Problem' } },
  };
}

/** The REST API as an OpenAPI 3.1 document, made from the table of routes. */
export function openApiOf({ version, server, cookie }: { version: string; server: string; cookie: string }): Json {
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries<Route>(routes)) {
    const path = route.path.replace(/:([a-zA-Z]+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(name, route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Muster',
      version,
      description: 'The Gateway as its console uses it. What moves by itself comes over the socket, see docs/api.md.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: server }],
    paths,
    components: {
      schemas: { Problem: asJson(Problem, 'output') },
      responses: {
        Problem: {
          description: 'What went wrong (RFC 9457)',
          content: { [PROBLEM_MEDIA]: { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: cookie, description: 'Set by POST /api/session' },
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key, see docs/keys.md' },
        key: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same in a header of its own' },
      },
    },
  };
}
