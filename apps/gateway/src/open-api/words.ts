import type { Route } from '@muster/contracts';

/** The parts of the API, by the first word of their paths. */
export const tags: Record<string, { name: string; description: string }> = {
  session: { name: 'Session', description: 'Signing in and out' },
  'first-account': { name: 'Session', description: 'Signing in and out' },
  account: { name: 'Own account', description: 'What everybody may do about themselves' },
  accounts: { name: 'Accounts', description: 'Who may sign in, and what they may' },
  keys: { name: 'API keys', description: 'What lets programs in; see docs/keys.md' },
  integrations: {
    name: 'Integrations',
    description: 'Outsiders who may read streams of facts; see docs/integration.md',
  },
  webhooks: { name: 'Webhooks', description: 'Where facts are sent; see docs/integration.md' },
  nodes: { name: 'Nodes', description: 'The machines that serve models, their samples, logs and executors' },
  models: { name: 'Models', description: 'What the nodes could serve' },
  fleet: { name: 'Nodes', description: 'The machines that serve models, their samples, logs and executors' },
  history: { name: 'History', description: 'What happened' },
  events: { name: 'Facts', description: 'The facts of the bus over HTTP; see docs/integration.md' },
  metrics: { name: 'Metrics', description: 'In the text format of Prometheus; see docs/observability.md' },
  figures: { name: 'Figures', description: 'What was served; see docs/figures.md' },
  requests: { name: 'Figures', description: 'What was served; see docs/figures.md' },
  settings: { name: 'Settings', description: 'How this installation is set up' },
  parked: { name: 'Parked', description: 'Facts that could not be taken in, and wait' },
  playground: { name: 'Playground', description: 'A chat with a model' },
  'openapi.json': { name: 'Documents', description: 'What describes the API, the bus and its facts' },
  'asyncapi.yaml': { name: 'Documents', description: 'What describes the API, the bus and its facts' },
  schemas: { name: 'Documents', description: 'What describes the API, the bus and its facts' },
};

/** The part that a route belongs to. */
export function tagOf({ path }: Route): { name: string; description: string } {
  const word = path.replace(/^\/(?:api\/)?/, '').split('/')[0] ?? '';
  return tags[word] ?? { name: word, description: '' };
}

/** What each parameter is, whichever route has it. */
export const parameterWords: Record<string, string> = {
  accountId: 'The id of an account, as `GET /api/accounts` lists it',
  sessionId: 'The id of a session, which is not what its cookie holds',
  keyId: 'The id of an API key',
  integrationId: 'The id of an integration',
  webhookId: 'The id of a webhook',
  nodeId: 'The id of a node',
  executorId: 'The id of an executor on its node',
  requestId: 'The id of a request of an application',
  window: 'Over which time was counted',
  by: 'What the figures are taken apart by',
  before: 'Only what is older than this: the place that the former page ended with',
  after: 'Only what is newer than this place',
  around: 'Entries on both sides of this time',
  limit: 'How many at most',
  from: 'From this time on',
  to: 'Before this time',
  at: 'The time that is asked for',
  node: 'The id of a node',
  account: 'The id of an account: what was done about it or by it',
  family: 'What it is about',
  kind: 'The type of a fact, as `NodeRenamed`',
  actor: 'The name or id of who did it',
  text: 'Words that all stand in the entry',
  streams: 'Of which streams, with commas between',
  stream: 'The name of a stream of facts',
  waitMs: 'How long to wait for the first one, in milliseconds',
  nodes: 'Whether the nodes are told too',
  model: 'What the request asked for',
  key: 'The id of an API key',
  outcome: 'How the request ended',
  state: 'How far the request is',
  schemaId: 'The id of a schema, as `urn:muster:fact:NodeRegistered:1`',
  slow: 'Only requests that were delayed',
};
