import * as z from 'zod/mini';
import { Host, Port } from '../address.js';
import { Missed, ReadFrom } from '../bus/position.js';
import { type StreamName, streams } from '../bus/streams.js';
import { StructuredEvent } from '../bus/structured-event.js';
import { MetricsTargets } from '../metrics/metrics.orders.js';
import { HistoryCursor, HistoryEntry } from '../history/history-entry.js';
import { HistoryFilter } from '../history/history-filter.js';
import { HISTORY_PAGE, HistoryPage } from '../history/history.orders.js';
import { ExecutorId } from '../monitor/executor.js';
import { SomeParameters } from '../monitor/executor-parameters.js';
import { LogPage } from '../monitor/log-entry.js';
import { ReadLoadHistory, StartExecutor } from '../monitor/node.commands.js';
import { ExecutorDone, LastLines } from '../monitor/node-orders.js';
import { VerifyNode, VerifyStep } from '../monitor/verify.js';
import type { Permission } from '../permissions.js';
import { Permission as PermissionSchema } from '../permissions.js';
import {
  Account,
  ChangePassword,
  CreateAccount,
  CreateFirstAccount,
  EndSessions,
  ListSessions,
  ManagedAccount,
  SessionEntry,
  SignIn,
} from '../registry/account.orders.js';
import { AccountId } from '../registry/account.events.js';
import { ApiKeyId } from '../registry/api-key.events.js';
import { ChangeApiKey, CreateApiKey, ListApiKeys } from '../registry/api-key.orders.js';
import { IntegrationId, IntegrationStream } from '../registry/integration.events.js';
import {
  ChangeIntegration,
  CreateIntegration,
  ListIntegrations,
  ListReadings,
  ReplaceIntegrationSecret,
  SetReading,
  SuspendIntegration,
} from '../registry/integration.orders.js';
import { WebhookId } from '../registry/webhook.events.js';
import {
  ChangeWebhook,
  CreateWebhook,
  PauseWebhook,
  ReplaceWebhookSecret,
  ReplayWebhook,
} from '../registry/webhook.orders.js';
import { DELIVERIES_PAGE, ListWebhooks, ReadDeliveries, TestWebhook } from '../webhooks/webhooks.orders.js';
import { Fingerprint, NodeId } from '../registry/node.events.js';
import { Changed } from '../registry/node.orders.js';
import { AccessKey } from '../registry/settings.events.js';
import { ChangeAccessKey, ReadSettings, ShowAccessKey } from '../registry/settings.orders.js';
import { Figures } from '../stats/figures.js';
import { RequestCursor, RequestFilter } from '../stats/request-filter.js';
import { ReadRequest, ReadSeries, ReadTallies, RequestPage, REQUESTS_PAGE } from '../stats/stats.orders.js';
import { GraphWindow, Grouping, WindowName } from '../stats/windows.js';
import { SettingsValues } from '../registry/settings.values.js';
import { ParkedEverywhere, Retried, RetryRegistryParked, StoreService } from '../store/parked.orders.js';
import { PlaygroundChat, PlaygroundStep } from '../router/playground.js';
import { AccountName, NodeName, Password } from '../text.js';
import { FactSchemaId } from '../upcast.js';
import { FleetSnapshot, MetricsSnapshot, ModelsView, NodeView } from './views.js';

/** Who may call a route: everybody, whoever is signed in, or whoever has the permission. */
export type RouteAllowed = 'anyone' | 'signed-in' | Permission;

export type RouteMedia =
  'application/json' | 'application/schema+json' | 'application/x-ndjson' | 'application/yaml' | 'text/plain';

/** Whether an answer is one text, and no JSON. */
export const isTextual = (media: RouteMedia): boolean => media === 'text/plain' || media === 'application/yaml';

export interface Route<
  Params extends z.ZodMiniType = z.ZodMiniType,
  Query extends z.ZodMiniType = z.ZodMiniType,
  Body extends z.ZodMiniType = z.ZodMiniType,
  Reply extends z.ZodMiniType = z.ZodMiniType,
  Media extends RouteMedia = RouteMedia,
> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** As Express and OpenAPI's templates have it in common after `:name` → `{name}`. */
  readonly path: string;
  readonly summary: string;
  readonly allowed: RouteAllowed;
  /** Whether the secret of an integration lets in as well; what it may there is the route's own matter. */
  readonly integrations?: true;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** What a success answers. With `media` NDJSON, what each line is. */
  readonly reply: Reply;
  readonly media: Media;
  /** What `Accept` may ask for instead: the same as server-sent events (WHATWG HTML 9.2), without an end. */
  readonly also?: 'text/event-stream';
  readonly status: 200 | 201 | 204;
}

/**
 * The header that every call but GET carries: a UUID that names the order, so that a retry has no second effect. No page of
 * another origin can send it without a preflight that is refused (OWASP, "custom request headers"), so a call without it is
 * refused with `origin-refused`.
 */
export const COMMAND_ID_HEADER = 'muster-command-id';

const Time = z.iso.datetime('This must be a time like 2026-11-23T12:00:00Z');
const WholeNumber = z.coerce.number('This must be a number').check(z.int('This must be a whole number'));

const nothing = z.object({});
type Nothing = typeof nothing;

const route = <
  Reply extends z.ZodMiniType,
  Params extends z.ZodMiniType = Nothing,
  Query extends z.ZodMiniType = Nothing,
  Body extends z.ZodMiniType = Nothing,
  Media extends RouteMedia = 'application/json',
>(
  at: `${Route['method']} /${'api/' | 'metrics'}${string}`,
  summary: string,
  allowed: RouteAllowed,
  shape: {
    params?: Params;
    query?: Query;
    body?: Body;
    reply: Reply;
    media?: Media;
    also?: Route['also'];
    integrations?: true;
    status?: Route['status'];
  },
): Route<Params, Query, Body, Reply, Media> => {
  const space = at.indexOf(' ');
  return {
    method: at.slice(0, space) as Route['method'],
    path: at.slice(space + 1),
    summary,
    allowed,
    params: (shape.params ?? nothing) as Params,
    query: (shape.query ?? nothing) as Query,
    body: (shape.body ?? nothing) as Body,
    reply: shape.reply,
    media: shape.media ?? ('application/json' as Media),
    ...(shape.also && { also: shape.also }),
    ...(shape.integrations && { integrations: true }),
    status: shape.status ?? 200,
  };
};

const SessionId = z.uuid('The session id must be a UUID');
const onAccount = z.object({ accountId: AccountId });
const onKey = z.object({ keyId: ApiKeyId });
const onIntegration = z.object({ integrationId: IntegrationId });
const onWebhook = z.object({ webhookId: WebhookId });
const onNode = z.object({ nodeId: NodeId });
const onExecutor = z.object({ nodeId: NodeId, executorId: ExecutorId });
const by = z.object({ by: z._default(Grouping, 'all') });
const credentials = { name: SignIn.request.shape.name, password: SignIn.request.shape.password };

/** Who the page talks as, and whether the very first account is still to be made. */
export const SessionView = z.object({ account: z.nullable(Account), firstAccountNeeded: z.boolean() });
export type SessionView = z.infer<typeof SessionView>;

/** An entry of the timeline with its words. */
export const ExportedEntry = z.extend(HistoryEntry, {
  words: z.object({
    title: z.string(),
    detail: z.optional(z.string()),
    change: z.optional(z.object({ from: z.string(), to: z.string() })),
  }),
});
export type ExportedEntry = z.infer<typeof ExportedEntry>;

/** How many facts an answer of `GET /api/events` has, and how long it waits for the first one. */
export const EVENTS_PAGE = { usual: 100, most: 1_000, longestWaitMs: 30_000 } as const;

/** The header that tells the position behind an answer of `GET /api/events`, also one without facts. */
export const POSITION_HEADER = 'muster-position';

const streamNames = Object.keys(streams) as [StreamName, ...StreamName[]];

/** Streams with commas between; absent: those that the position speaks of, or every one that the reader may read. */
const ChosenStreams = z.pipe(
  z.string().check(
    z.maxLength(128, 'This is longer than all streams together'),
    z.refine(
      (text) => text.split(',').every((name) => streamNames.some((each) => each === name)),
      `Choose among ${streamNames.join(', ')}, with commas between`,
    ),
  ),
  z.transform((text) => [...new Set(text.split(','))] as StreamName[]),
);

const upTo = (most: number, least: number) =>
  z.optional(WholeNumber.check(z.gte(least, `At least ${least}`), z.lte(most, `At most ${most}`)));

export const EventsQuery = z.object({
  after: z.optional(ReadFrom),
  streams: z.optional(ChosenStreams),
  limit: upTo(EVENTS_PAGE.most, 1),
  waitMs: upTo(EVENTS_PAGE.longestWaitMs, 0),
});

/** A line: the fact as a CloudEvent, with the position behind it as the extension `after`. */
export const ReadEvent = z.intersection(StructuredEvent, z.object({ after: z.string() }));

/** Every REST route there is. The controllers bind to these entries, and the OpenAPI document is made from them. */
export const routes = {
  readSession: route('GET /api/session', 'Who is signed in', 'anyone', { reply: SessionView }),
  signIn: route('POST /api/session', 'Sign in; sets the session cookie', 'anyone', {
    body: z.object(credentials),
    reply: SessionView,
    status: 201,
  }),
  signOut: route('DELETE /api/session', 'Sign out; ends the session everywhere', 'signed-in', {
    reply: nothing,
    status: 204,
  }),
  createFirstAccount: route(
    'POST /api/first-account',
    'Make the first account with the one-time code, and sign in',
    'anyone',
    {
      body: z.object({ code: CreateFirstAccount.request.shape.code, name: AccountName, password: Password }),
      reply: SessionView,
      status: 201,
    },
  ),

  listAccounts: route('GET /api/accounts', 'Every account', 'accounts:manage', {
    reply: z.object({ accounts: z.array(ManagedAccount) }),
  }),
  createAccount: route('POST /api/accounts', 'Make an account', 'accounts:manage', {
    body: z.object({
      accountId: CreateAccount.request.shape.accountId,
      name: AccountName,
      password: Password,
      permissions: z.array(PermissionSchema),
    }),
    reply: Changed,
    status: 201,
  }),
  changeAccount: route('PATCH /api/accounts/:accountId', 'Change name or permissions', 'accounts:manage', {
    params: onAccount,
    body: z.object({ name: z.optional(AccountName), permissions: z.optional(z.array(PermissionSchema)) }),
    reply: Changed,
  }),
  setPassword: route(
    'PUT /api/accounts/:accountId/password',
    'Set the password of another account; ends its sessions',
    'accounts:manage',
    {
      params: onAccount,
      body: z.object({ password: Password }),
      reply: Changed,
    },
  ),
  disableAccount: route(
    'POST /api/accounts/:accountId/disable',
    'End the sessions of an account and let nobody sign in with it',
    'accounts:manage',
    { params: onAccount, reply: Changed },
  ),
  enableAccount: route('POST /api/accounts/:accountId/enable', 'Let the account sign in again', 'accounts:manage', {
    params: onAccount,
    reply: Changed,
  }),
  deleteAccount: route('DELETE /api/accounts/:accountId', 'Delete an account; its history stays', 'accounts:manage', {
    params: onAccount,
    reply: Changed,
  }),
  listSessions: route('GET /api/accounts/:accountId/sessions', 'The open sessions of an account', 'accounts:manage', {
    params: onAccount,
    reply: ListSessions.reply,
  }),
  endSessions: route('DELETE /api/accounts/:accountId/sessions', 'End every session of an account', 'accounts:manage', {
    params: onAccount,
    reply: EndSessions.reply,
  }),
  endSession: route(
    'DELETE /api/accounts/:accountId/sessions/:sessionId',
    'End one session of an account',
    'accounts:manage',
    { params: z.object({ accountId: AccountId, sessionId: SessionId }), reply: EndSessions.reply },
  ),

  listOwnSessions: route('GET /api/account/sessions', 'Your open sessions', 'signed-in', {
    reply: z.object({ sessions: z.array(z.object({ ...SessionEntry.shape, current: z.boolean() })) }),
  }),
  endOtherSessions: route('DELETE /api/account/sessions', 'End every session of yours but this one', 'signed-in', {
    reply: EndSessions.reply,
  }),
  endOwnSession: route('DELETE /api/account/sessions/:sessionId', 'End one session of yours', 'signed-in', {
    params: z.object({ sessionId: SessionId }),
    reply: EndSessions.reply,
  }),
  changePassword: route(
    'PUT /api/account/password',
    'Change your password; ends every session of yours but this one',
    'signed-in',
    {
      body: z.object({ current: ChangePassword.request.shape.current, password: Password }),
      reply: Changed,
    },
  ),

  listApiKeys: route('GET /api/keys', 'Every API key; those revoked stay for 30 days', 'keys:manage', {
    reply: ListApiKeys.reply,
  }),
  createApiKey: route('POST /api/keys', 'Make an API key; the answer is the one time that it is shown', 'keys:manage', {
    body: CreateApiKey.request,
    reply: CreateApiKey.reply,
    status: 201,
  }),
  changeApiKey: route('PATCH /api/keys/:keyId', 'Change name, models, expiry or limits', 'keys:manage', {
    params: onKey,
    body: z.omit(ChangeApiKey.request, { keyId: true, expectedVersion: true }),
    reply: Changed,
  }),
  revokeApiKey: route('DELETE /api/keys/:keyId', 'Refuse an API key everywhere from now on', 'keys:manage', {
    params: onKey,
    reply: Changed,
  }),

  listIntegrations: route(
    'GET /api/integrations',
    'Every integration; those revoked stay for 30 days',
    'integrations:manage',
    { reply: ListIntegrations.reply },
  ),
  createIntegration: route(
    'POST /api/integrations',
    'Let an outsider read streams of facts; the answer is the one time that its secret is shown',
    'integrations:manage',
    { body: CreateIntegration.request, reply: CreateIntegration.reply, status: 201 },
  ),
  changeIntegration: route(
    'PATCH /api/integrations/:integrationId',
    'Change name, streams or doors',
    'integrations:manage',
    {
      params: onIntegration,
      body: z.omit(ChangeIntegration.request, { integrationId: true, expectedVersion: true }),
      reply: Changed,
    },
  ),
  replaceIntegrationSecret: route(
    'POST /api/integrations/:integrationId/secret',
    'Make another secret and refuse the former one; the answer is the one time that it is shown',
    'integrations:manage',
    { params: onIntegration, reply: ReplaceIntegrationSecret.reply, status: 201 },
  ),
  suspendIntegration: route(
    'POST /api/integrations/:integrationId/suspend',
    'Let an integration in nowhere until it is resumed',
    'integrations:manage',
    {
      params: onIntegration,
      body: z.omit(SuspendIntegration.request, { integrationId: true, expectedVersion: true }),
      reply: Changed,
    },
  ),
  resumeIntegration: route(
    'POST /api/integrations/:integrationId/resume',
    'Let an integration in again',
    'integrations:manage',
    { params: onIntegration, reply: Changed },
  ),
  setReading: route(
    'PUT /api/integrations/:integrationId/consumers/:stream',
    'Have the consumer of an integration begin at a position, at the oldest fact or with what comes',
    'integrations:manage',
    {
      params: z.object({ integrationId: IntegrationId, stream: IntegrationStream }),
      body: z.pick(SetReading.request, { from: true }),
      reply: SetReading.reply,
      integrations: true,
    },
  ),
  listReadings: route(
    'GET /api/integrations/:integrationId/consumers',
    'How far an integration has read each stream by its consumer',
    'integrations:manage',
    { params: onIntegration, reply: ListReadings.reply, integrations: true },
  ),
  revokeIntegration: route(
    'DELETE /api/integrations/:integrationId',
    'Let an integration in nowhere from now on, for good',
    'integrations:manage',
    { params: onIntegration, reply: Changed },
  ),

  listWebhooks: route('GET /api/webhooks', 'Every webhook, and how far it is', 'integrations:manage', {
    reply: ListWebhooks.reply,
  }),
  createWebhook: route(
    'POST /api/webhooks',
    'Send facts to an address from now on; the answer is the one time that the secret is shown',
    'integrations:manage',
    { body: CreateWebhook.request, reply: CreateWebhook.reply, status: 201 },
  ),
  changeWebhook: route(
    'PATCH /api/webhooks/:webhookId',
    'Change name, address, streams or types',
    'integrations:manage',
    {
      params: onWebhook,
      body: z.omit(ChangeWebhook.request, { webhookId: true, expectedVersion: true }),
      reply: Changed,
    },
  ),
  replaceWebhookSecret: route(
    'POST /api/webhooks/:webhookId/secret',
    'Sign with another secret; the answer is the one time that it is shown',
    'integrations:manage',
    { params: onWebhook, reply: ReplaceWebhookSecret.reply, status: 201 },
  ),
  pauseWebhook: route(
    'POST /api/webhooks/:webhookId/pause',
    'Send nothing until it is resumed',
    'integrations:manage',
    {
      params: onWebhook,
      body: z.omit(PauseWebhook.request, { webhookId: true, expectedVersion: true }),
      reply: Changed,
    },
  ),
  resumeWebhook: route('POST /api/webhooks/:webhookId/resume', 'Go on where it was paused', 'integrations:manage', {
    params: onWebhook,
    reply: Changed,
  }),
  replayWebhook: route('POST /api/webhooks/:webhookId/replay', 'Send again from a position', 'integrations:manage', {
    params: onWebhook,
    body: z.omit(ReplayWebhook.request, { webhookId: true, expectedVersion: true }),
    reply: Changed,
  }),
  testWebhook: route(
    'POST /api/webhooks/:webhookId/test',
    'Send one event now and tell what became of it',
    'integrations:manage',
    { params: onWebhook, reply: TestWebhook.reply },
  ),
  readDeliveries: route(
    'GET /api/webhooks/:webhookId/deliveries',
    'What was tried, newest first',
    'integrations:manage',
    {
      params: onWebhook,
      query: z.object({ before: z.optional(WholeNumber), limit: upTo(DELIVERIES_PAGE.most, 1) }),
      reply: ReadDeliveries.reply,
    },
  ),
  removeWebhook: route('DELETE /api/webhooks/:webhookId', 'Send nothing any more, for good', 'integrations:manage', {
    params: onWebhook,
    reply: Changed,
  }),

  listNodes: route('GET /api/nodes', 'Every node with its status', 'fleet:view', {
    reply: z.object({ nodes: z.array(NodeView) }),
  }),
  readNode: route('GET /api/nodes/:nodeId', 'One node', 'fleet:view', { params: onNode, reply: NodeView }),
  verifyNode: route(
    'POST /api/nodes/verify',
    'Look at an address stage by stage; one line of NDJSON as each stage ends',
    'nodes:manage',
    {
      body: VerifyNode.request,
      reply: VerifyStep,
      media: 'application/x-ndjson',
    },
  ),
  registerNode: route('POST /api/nodes', 'Register a verified node', 'nodes:manage', {
    body: z.object({ nodeId: NodeId, name: NodeName, host: Host, port: Port, fingerprint: Fingerprint }),
    reply: Changed,
    status: 201,
  }),
  changeNode: route('PATCH /api/nodes/:nodeId', 'Change name or address', 'nodes:manage', {
    params: onNode,
    body: z.object({
      name: z.optional(NodeName),
      address: z.optional(z.object({ host: Host, port: Port, fingerprint: Fingerprint })),
    }),
    reply: Changed,
  }),
  activateNode: route('POST /api/nodes/:nodeId/activate', 'Link to the node from now on', 'nodes:manage', {
    params: onNode,
    reply: Changed,
  }),
  deactivateNode: route('POST /api/nodes/:nodeId/deactivate', 'End the link and keep the node', 'nodes:manage', {
    params: onNode,
    reply: Changed,
  }),
  pinCertificate: route(
    'PUT /api/nodes/:nodeId/certificate',
    'Accept the certificate that the node shows now',
    'nodes:manage',
    {
      params: onNode,
      body: z.object({ fingerprint: Fingerprint }),
      reply: Changed,
    },
  ),
  removeNode: route('DELETE /api/nodes/:nodeId', 'Remove a node; its history stays', 'nodes:manage', {
    params: onNode,
    reply: Changed,
  }),
  readLoadHistory: route(
    'GET /api/nodes/:nodeId/load-history',
    'How hard a node worked, by steps of time; 30 days back',
    'fleet:view',
    {
      params: onNode,
      query: z.object({ from: Time, to: Time }),
      reply: ReadLoadHistory.reply,
    },
  ),
  readSamples: route(
    'GET /api/nodes/:nodeId/samples',
    'How hard a node worked, second by second; five minutes back',
    'fleet:view',
    {
      params: onNode,
      reply: MetricsSnapshot,
    },
  ),
  readLog: route('GET /api/nodes/:nodeId/log', 'Entries of the log, oldest first', 'fleet:view', {
    params: onNode,
    query: z.object({
      before: z.optional(WholeNumber),
      after: z.optional(WholeNumber),
      around: z.optional(Time),
      limit: z.optional(
        z.coerce
          .number('This must be a number')
          .check(z.int('This must be a whole number'), z.gte(1, 'At least 1'), z.lte(10_000, 'At most 10000')),
      ),
    }),
    reply: LogPage,
  }),
  downloadLog: route('GET /api/nodes/:nodeId/log.txt', 'The whole kept log as text', 'fleet:view', {
    params: onNode,
    reply: z.string(),
    media: 'text/plain',
  }),

  listModels: route('GET /api/models', 'The models of every node, as they were last known', 'fleet:view', {
    reply: z.object({ nodes: z.array(ModelsView) }),
  }),
  readModels: route('GET /api/nodes/:nodeId/models', 'The models of one node, as they were last known', 'fleet:view', {
    params: onNode,
    reply: ModelsView,
  }),
  startExecutor: route(
    'POST /api/nodes/:nodeId/executors',
    'Want an executor for a model of this node from now on',
    'executors:manage',
    { params: onNode, body: StartExecutor.request, reply: ExecutorDone },
  ),
  stopExecutor: route(
    'POST /api/nodes/:nodeId/executors/:executorId/stop',
    'Stop an executor; what is in flight may end within a limit',
    'executors:manage',
    { params: onExecutor, reply: ExecutorDone },
  ),
  startExecutorAgain: route(
    'POST /api/nodes/:nodeId/executors/:executorId/start',
    'Start an executor that failed or was stopped, with the parameters that it has',
    'executors:manage',
    { params: onExecutor, reply: ExecutorDone },
  ),
  restartExecutor: route(
    'POST /api/nodes/:nodeId/executors/:executorId/restart',
    'End the process of an executor and start it anew',
    'executors:manage',
    { params: onExecutor, reply: ExecutorDone },
  ),
  cancelRequests: route(
    'POST /api/nodes/:nodeId/executors/:executorId/cancel',
    'End every request that is in flight or queued at an executor',
    'executors:manage',
    { params: onExecutor, reply: ExecutorDone },
  ),
  configureExecutor: route(
    'PUT /api/nodes/:nodeId/executors/:executorId/parameters',
    'Set parameters; those that are not named stay',
    'executors:manage',
    { params: onExecutor, body: SomeParameters, reply: ExecutorDone },
  ),
  readLastLines: route(
    'GET /api/nodes/:nodeId/executors/:executorId/last-lines',
    'The last lines of the run that failed',
    'fleet:view',
    { params: onExecutor, reply: LastLines },
  ),

  readHistory: route('GET /api/history', 'The timeline, newest first; of the facts that you may read', 'fleet:view', {
    query: z.extend(HistoryFilter, {
      before: z.optional(HistoryCursor),
      limit: z.optional(
        z.coerce
          .number('This must be a number')
          .check(
            z.int('This must be a whole number'),
            z.gte(1, 'At least 1'),
            z.lte(HISTORY_PAGE.most, `At most ${HISTORY_PAGE.most}`),
          ),
      ),
    }),
    reply: HistoryPage,
  }),
  exportHistory: route(
    'GET /api/history/export',
    'The timeline as NDJSON, newest first; at most 100,000 entries, and a problem as the last line when there are more',
    'fleet:view',
    { query: HistoryFilter, reply: ExportedEntry, media: 'application/x-ndjson' },
  ),
  readFleetNow: route(
    'GET /api/fleet/now',
    'Every node with its status, how hard each works, and what the Gateway has to say, all of one moment',
    'fleet:view',
    { reply: FleetSnapshot },
  ),
  readFleetAt: route('GET /api/fleet', 'The fleet as it was known at a time', 'fleet:view', {
    query: z.object({
      at: z.iso.datetime({ offset: true, error: 'This must be a time like 2026-11-23T12:00:00Z' }),
    }),
    reply: z.object({ at: z.iso.datetime({ offset: true }), nodes: z.array(NodeView) }),
  }),

  readEvents: route(
    'GET /api/events',
    'Facts after a position, in the order of each stream: NDJSON with what there is, or a stream of events without an end',
    'fleet:view',
    {
      query: EventsQuery,
      reply: ReadEvent,
      media: 'application/x-ndjson',
      also: 'text/event-stream',
      integrations: true,
    },
  ),
  readMetrics: route(
    'GET /metrics',
    'The whole installation in the text format of Prometheus; without the nodes when they are scraped one by one',
    'fleet:view',
    {
      query: z.object({ nodes: z._default(z.enum(['on', 'off'], 'This must be on or off'), 'on') }),
      reply: z.string(),
      media: 'text/plain',
    },
  ),
  readNodeMetrics: route('GET /metrics/nodes/:nodeId', 'One node in the text format of Prometheus', 'fleet:view', {
    params: onNode,
    reply: z.string(),
    media: 'text/plain',
  }),
  readMetricsTargets: route(
    'GET /api/metrics/targets',
    'The nodes as targets, for the HTTP service discovery of Prometheus',
    'fleet:view',
    { reply: MetricsTargets },
  ),

  readFigures: route('GET /api/figures', 'The figures of this moment; null until there are any', 'fleet:view', {
    reply: z.object({ figures: z.nullable(Figures) }),
  }),
  readTallies: route(
    'GET /api/figures/:window',
    'What was counted in a window, by node, model or key; percentiles from histograms',
    'fleet:view',
    { params: z.object({ window: WindowName }), query: by, reply: ReadTallies.reply },
  ),
  readSeries: route('GET /api/figures/:window/series', 'The same in steps, for graphs', 'fleet:view', {
    params: z.object({ window: GraphWindow }),
    query: by,
    reply: ReadSeries.reply,
  }),
  readRequests: route('GET /api/requests', 'Requests, newest first; never what was asked or answered', 'fleet:view', {
    query: z.extend(RequestFilter, {
      before: z.optional(RequestCursor),
      limit: z.optional(
        z.coerce
          .number('This must be a number')
          .check(
            z.int('This must be a whole number'),
            z.gte(1, 'At least 1'),
            z.lte(REQUESTS_PAGE.most, `At most ${REQUESTS_PAGE.most}`),
          ),
      ),
    }),
    reply: RequestPage,
  }),
  readRequest: route('GET /api/requests/:requestId', 'The life of one request, fact by fact', 'fleet:view', {
    params: ReadRequest.request,
    reply: ReadRequest.reply,
  }),

  readSettings: route('GET /api/settings', 'The settings; the access key by its id alone', 'settings:manage', {
    reply: ReadSettings.reply,
  }),
  showAccessKey: route(
    'POST /api/settings/access-key/show',
    'The access key in clear; that it was shown is a fact',
    'settings:manage',
    {
      reply: ShowAccessKey.reply,
    },
  ),
  changeAccessKey: route(
    'PUT /api/settings/access-key',
    'Change the access key, to a new random one unless given; nodes are linked with the former one until they have it',
    'settings:manage',
    {
      body: z.object({ accessKey: z.optional(AccessKey) }),
      reply: ChangeAccessKey.reply,
    },
  ),
  endKeyRotation: route(
    'POST /api/settings/access-key/end-rotation',
    'Give the former access key up now, whichever node still has only that one',
    'settings:manage',
    { reply: Changed },
  ),
  changeSettings: route('PATCH /api/settings', 'Change what is given and leave the rest', 'settings:manage', {
    body: z.partial(SettingsValues),
    reply: Changed,
  }),

  listParked: route(
    'GET /api/parked',
    'The streams of facts that wait because one of them could not be taken in',
    'settings:manage',
    { reply: ParkedEverywhere },
  ),
  retryParked: route('POST /api/parked/retry', 'Try a stream that waits again', 'settings:manage', {
    body: z.object({
      service: StoreService,
      projection: RetryRegistryParked.request.shape.projection,
      stream: RetryRegistryParked.request.shape.stream,
    }),
    reply: Retried,
  }),

  playgroundChat: route(
    'POST /api/playground/chat',
    'Send a chat as an application would; one line of NDJSON as each piece of the answer comes',
    'playground:use',
    { body: PlaygroundChat.request, reply: PlaygroundStep, media: 'application/x-ndjson' },
  ),

  readOpenApi: route('GET /api/openapi.json', 'This document', 'anyone', { reply: z.looseObject({}) }),
  readAsyncApi: route('GET /api/asyncapi.yaml', 'The bus, as an AsyncAPI 3 document', 'anyone', {
    reply: z.string(),
    media: 'application/yaml',
  }),
  listSchemas: route('GET /api/schemas', 'The ids of the JSON Schemas of all facts, in every version', 'anyone', {
    reply: z.object({ schemas: z.array(z.string()) }),
  }),
  readSchema: route(
    'GET /api/schemas/:schemaId',
    'The JSON Schema of the data of a fact, by the id that the fact carries as `dataschema`',
    'anyone',
    { params: z.object({ schemaId: FactSchemaId }), reply: z.looseObject({}), media: 'application/schema+json' },
  ),
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof routes;

/** An error answer: RFC 9457 problem details, with our code and, for bad input, every field that is wrong. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.string(),
  detail: z.optional(z.string()),
  fields: z.optional(z.array(z.object({ field: z.string(), words: z.string() }))),
  retryAfterMs: z.optional(z.number()),
  currentVersion: z.optional(z.number()),
  missed: z.optional(z.array(Missed)),
  oldest: z.optional(z.string()),
  requestId: z.optional(z.string()),
});
export type Problem = z.infer<typeof Problem>;
