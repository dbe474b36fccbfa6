import {
  COMMAND_ID_HEADER,
  grantedByKey,
  permissions,
  Problem,
  type Route,
  type RouteName,
  routes,
} from '@muster/contracts';
import type * as z from 'zod/mini';
import { PROBLEM_MEDIA } from '../doors/problems.js';
import { Components, inline, type Json } from './components.js';
import { bodyExamples } from './examples.js';
import { parameterWords, tagOf, tags } from './words.js';

const isEmpty = (schema: z.ZodMiniType): boolean => {
  const { properties } = inline(schema, 'input');
  return properties !== undefined && Object.keys(properties as Json).length === 0;
};

const parameters = (schema: z.ZodMiniType, where: 'path' | 'query'): Json[] => {
  const { properties = {}, required = [] } = inline(schema, 'input') as { properties?: Json; required?: string[] };
  return Object.entries(properties).map(([name, each]) => {
    const description = parameterWords[name] ?? name;
    return { name, in: where, required: where === 'path' || required.includes(name), description, schema: each };
  });
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

const allowedWords = ({ allowed, integrations }: Route): string => {
  if (allowed === 'anyone') return 'For anyone.';
  if (allowed === 'signed-in') return 'For whoever is signed in.';
  const needed = `Needs the permission \`${allowed}\`: ${permissions[allowed]}.`;
  return integrations === true ? `${needed} An integration is let in with its secret, for what is its own.` : needed;
};

/** Any one of these lets in: a session, or where keys may go at all a key in either header. */
const securityOf = ({ allowed, integrations }: Route): Json[] => [
  { session: [] },
  ...(integrations === true ? [{ integration: [] }] : []),
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

const problem = { $ref: '#/components/responses/Problem' };

function operation(name: string, route: Route, components: Components): Json {
  const hasBody = !isEmpty(route.body);
  const example: unknown = bodyExamples[name as RouteName];
  const success =
    route.status === 204
      ? { description: 'Done' }
      : { description: 'Done', content: contentOf(route, components.of(route.reply)) };
  return {
    operationId: name,
    tags: [tagOf(route).name],
    summary: route.summary,
    description: allowedWords(route),
    security: route.allowed === 'anyone' ? [] : securityOf(route),
    parameters: [...parameters(route.params, 'path'), ...parameters(route.query, 'query'), ...headers(route)],
    ...(hasBody && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: inline(route.body, 'input'), ...(example === undefined ? {} : { example }) },
        },
      },
    }),
    responses: { [route.status]: success, '4XX': problem, '5XX': problem },
  };
}

/** The REST API as an OpenAPI 3.1 document, made from the table of routes. The same each time. */
export function openApiOf({ version, server, cookie }: { version: string; server: string; cookie: string }): Json {
  const paths: Record<string, Json> = {};
  const all = Object.entries<Route>(routes);
  const components = new Components([...all.map(([, { reply }]) => reply), Problem]);
  for (const [name, route] of all) {
    const path = route.path.replace(/:([a-zA-Z]+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operation(name, route, components);
  }
  const problemSchema = components.of(Problem);
  const used = new Set(all.map(([, route]) => tagOf(route).name));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Muster',
      version,
      description:
        'The Gateway as its console uses it. What moves by itself comes over the socket as well: see docs/api.md. Every call but GET names ' +
        `its order in \`${COMMAND_ID_HEADER}\`: sent again with the same id, it has no second effect.`,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: server, description: 'The address of the Gateway' }],
    tags: [...new Map(Object.values(tags).map((tag) => [tag.name, tag])).values()].filter(({ name }) => used.has(name)),
    paths,
    components: {
      schemas: components.used,
      responses: {
        Problem: {
          description: 'What went wrong (RFC 9457). `code` is from a closed list: see docs/api.md.',
          content: { [PROBLEM_MEDIA]: { schema: problemSchema } },
        },
      },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: cookie, description: 'Set by POST /api/session' },
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key, see docs/keys.md' },
        key: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same in a header of its own' },
        integration: {
          type: 'http',
          scheme: 'bearer',
          description: 'The secret of an integration, see docs/integration.md',
        },
      },
    },
  };
}
