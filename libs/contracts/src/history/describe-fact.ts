import { showAddress } from '../address.js';
import { factFamilies } from '../bus/facts.js';
import type { Event } from '../fact.js';
import type { ExecutorState } from '../monitor/executor.js';
import type { executorOrders, HealthEvent } from '../monitor/health.events.js';
import { judge, type Status } from '../monitor/status.js';
import type { AccountEvent } from '../registry/account.events.js';
import type { ApiKeyEvent, KeyLimits } from '../registry/api-key.events.js';
import { type IntegrationEvent, suspensionCauses } from '../registry/integration.events.js';
import type { NodeEvent } from '../registry/node.events.js';
import type { SettingsEvent } from '../registry/settings.events.js';
import type { DialSettings, RetentionSettings } from '../registry/settings.values.js';
import { pauseCauses, type WebhookEvent } from '../registry/webhook.events.js';
import type { HistoryEntry } from './history-entry.js';

/** A fact for a person. */
export interface FactWords {
  readonly colour: Status['colour'];
  /** One line, which names whom it is about. */
  readonly title: string;
  /** What was and what is, where the fact knows both. */
  readonly change?: { readonly from: string; readonly to: string };
  readonly detail?: string;
}

/** How each type of a family is said: a new type does not compile before it has words. */
type Words<E extends Event> = {
  [Type in E['type']]: (data: Extract<E, { type: Type }>['data'], name: string) => FactWords;
};

const nodes: Words<NodeEvent> = {
  NodeRegistered: ({ host, port, found }, name) => ({
    colour: 'green',
    title: `${name} registered`,
    detail: `${showAddress(host, port)}, ${found === 'by-hand' ? 'added by hand' : 'found on this machine'}`,
  }),
  NodeRenamed: ({ from, name: to }) => ({ colour: 'amber', title: `${from} renamed`, change: { from, to } }),
  NodeReaddressed: ({ from, host, port }, name) => ({
    colour: 'amber',
    title: `${name} moved to another address`,
    change: { from: showAddress(from.host, from.port), to: showAddress(host, port) },
  }),
  NodeActivated: (_, name) => ({ colour: 'green', title: `${name} activated` }),
  NodeDeactivated: (_, name) => ({ colour: 'grey', title: `${name} deactivated` }),
  NodeCertificatePinned: ({ certificate: { fingerprint }, from }, name) =>
    from === undefined
      ? { colour: 'green', title: `Certificate of ${name} pinned`, detail: fingerprint }
      : { colour: 'amber', title: `Another certificate of ${name} accepted`, change: { from, to: fingerprint } },
  NodeRemoved: (_, name) => ({ colour: 'grey', title: `${name} deleted` }),
};

const orderWords: Record<(typeof executorOrders)[number], string> = {
  start: 'start ordered',
  stop: 'stop ordered',
  'start-again': 'start ordered again',
  restart: 'restart ordered',
  configure: 'parameters set',
  cancel: 'its requests cancelled',
};

const executorColours: Record<ExecutorState, Status['colour']> = {
  offline: 'grey',
  starting: 'amber',
  online: 'green',
  stopping: 'amber',
  failed: 'red',
};

const health: Words<HealthEvent> = {
  NodeConnected: ({ version }, name) => ({ colour: 'green', title: `${name} connected`, detail: `Version ${version}` }),
  NodeLost: ({ cause }, name) => ({
    colour: 'red',
    title: `${name} lost`,
    detail: judge({
      activated: true,
      link: { phase: 'down', cause, since: '' },
      condition: undefined,
      executors: [],
    }).words,
  }),
  NodeStatusChanged: ({ from, to, leftOut }, name) => ({
    colour: to.colour,
    title: `${name}: ${to.words}`,
    ...(from && { change: { from: from.words, to: to.words } }),
    ...(leftOut !== undefined && {
      detail: `${leftOut === 1 ? 'One change' : `${leftOut} changes`} before it came too fast to be told one by one`,
    }),
  }),
  ExecutorOrdered: ({ model, order, parameters }, name) => {
    const set = Object.entries(parameters ?? {}).map(([key, value]) => `${key} ${value}`);
    return {
      colour: order === 'stop' ? 'grey' : order === 'cancel' || order === 'configure' ? 'amber' : 'green',
      title: `${model} on ${name}: ${orderWords[order]}`,
      ...(set.length > 0 && { detail: set.join(', ') }),
    };
  },
  ExecutorChanged: ({ model, from, to, words, leftOut }, name) => {
    const before =
      leftOut !== undefined &&
      `${leftOut === 1 ? 'One change' : `${leftOut} changes`} before it came too fast to be told one by one`;
    const detail = [words, before].filter(Boolean).join('; ');
    return {
      colour: executorColours[to],
      title: `${model} on ${name} is ${to}`,
      ...(from && { change: { from, to } }),
      ...(detail !== '' && { detail }),
    };
  },
  NodeLogGap: ({ lost, where }, name) => ({
    colour: 'amber',
    title: `${lost === undefined ? 'Lines' : lost === 1 ? 'One line' : `${lost} lines`} of the log of ${name} lost`,
    detail: { node: 'On the node', link: 'On the way from the node', monitor: 'In the monitor' }[where],
  }),
};

const accounts: Words<AccountEvent> = {
  AccountCreated: ({ permissions }, name) => ({
    colour: 'green',
    title: `Account ${name} made`,
    detail: permissions.length === 0 ? 'Without permissions' : `May: ${permissions.join(', ')}`,
  }),
  AccountPasswordSet: (_, name) => ({ colour: 'amber', title: `Password of ${name} set` }),
  AccountRenamed: ({ from, name: to }) => ({ colour: 'amber', title: `Account ${from} renamed`, change: { from, to } }),
  AccountPermissionsChanged: ({ from, permissions }, name) => ({
    colour: 'amber',
    title: `Permissions of ${name} changed`,
    change: { from: from.join(', ') || 'none', to: permissions.join(', ') || 'none' },
  }),
  AccountDisabled: (_, name) => ({ colour: 'grey', title: `Account ${name} disabled` }),
  AccountEnabled: (_, name) => ({ colour: 'green', title: `Account ${name} enabled` }),
  AccountDeleted: (_, name) => ({ colour: 'grey', title: `Account ${name} deleted` }),
  AccountSignedIn: ({ device }, name) => ({
    colour: 'green',
    title: `${name} signed in`,
    ...(device !== '' && { detail: device }),
  }),
  AccountSignedOut: (_, name) => ({ colour: 'grey', title: `${name} signed out` }),
  AccountSignInRefused: ({ tries }, name) => ({
    colour: 'red',
    title: `Sign-in as ${name} refused`,
    detail: tries === 1 ? 'After one wrong try' : `After ${tries} wrong tries`,
  }),
};

const modelWords = (models: readonly string[] | null): string => models?.join(', ') ?? 'all models';
const expiryWords = (expiresAt: string | null): string => (expiresAt === null ? 'never expires' : `until ${expiresAt}`);
const limitWords = (limits: KeyLimits | null): string => {
  const { concurrent, requestsPerMinute, tokensPerMinute } = limits ?? {};
  const words = [
    concurrent !== undefined && `${concurrent} at a time`,
    requestsPerMinute !== undefined && `${requestsPerMinute} requests a minute`,
    tokensPerMinute !== undefined && `${tokensPerMinute} tokens a minute`,
  ];
  return words.filter(Boolean).join(', ') || 'no limits';
};

const keys: Words<ApiKeyEvent> = {
  ApiKeyCreated: ({ name, prefix, permissions, models, expiresAt, limits }) => ({
    colour: 'green',
    title: `API key ${name} made`,
    detail: [
      `${prefix}…`,
      `for ${permissions.join(', ')}`,
      modelWords(models ?? null),
      expiryWords(expiresAt ?? null),
      limitWords(limits ?? null),
    ].join('; '),
  }),
  ApiKeyChanged: ({ name: renamed, models, expiresAt, limits }, name) => {
    const changes = [
      renamed && ([renamed.from, renamed.to] as const),
      models && ([modelWords(models.from), modelWords(models.to)] as const),
      expiresAt && ([expiryWords(expiresAt.from), expiryWords(expiresAt.to)] as const),
      limits && ([limitWords(limits.from), limitWords(limits.to)] as const),
    ].filter((change) => change !== undefined);
    return {
      colour: 'amber',
      title: `API key ${renamed?.from ?? name} changed`,
      change: { from: changes.map(([from]) => from).join('; '), to: changes.map(([, to]) => to).join('; ') },
    };
  },
  ApiKeyRevoked: ({ because }, name) => ({
    colour: 'grey',
    title: `API key ${name} revoked`,
    ...(because === 'owner-deleted' && { detail: 'Its owner’s account was deleted' }),
  }),
};

const integrations: Words<IntegrationEvent> = {
  IntegrationCreated: ({ name, prefix, streams, doors }) => ({
    colour: 'green',
    title: `Integration ${name} made`,
    detail: [`${prefix}…`, `reads ${streams.join(', ')}`, `by ${doorWords(doors)}`].join('; '),
  }),
  IntegrationChanged: ({ name: renamed, streams, doors }, name) => {
    const changes = [
      renamed && ([renamed.from, renamed.to] as const),
      streams && ([`reads ${streams.from.join(', ')}`, `reads ${streams.to.join(', ')}`] as const),
      doors && ([`by ${doorWords(doors.from)}`, `by ${doorWords(doors.to)}`] as const),
    ].filter((change) => change !== undefined);
    return {
      colour: 'amber',
      title: `Integration ${renamed?.from ?? name} changed`,
      change: { from: changes.map(([from]) => from).join('; '), to: changes.map(([, to]) => to).join('; ') },
    };
  },
  IntegrationSecretReplaced: ({ prefix }, name) => ({
    colour: 'amber',
    title: `Secret of integration ${name} replaced`,
    detail: `${prefix}…`,
  }),
  IntegrationSuspended: ({ because, reason }, name) => ({
    colour: because === 'by-hand' ? 'grey' : 'red',
    title: `Integration ${name} suspended`,
    detail: [suspensionCauses[because], reason].filter(Boolean).join(': '),
  }),
  IntegrationResumed: (_, name) => ({ colour: 'green', title: `Integration ${name} resumed` }),
  IntegrationRevoked: (_, name) => ({ colour: 'grey', title: `Integration ${name} revoked` }),
};

const webhooks: Words<WebhookEvent> = {
  WebhookCreated: ({ name, url, streams }) => ({
    colour: 'green',
    title: `Webhook ${name} made`,
    detail: `sends ${streams.join(', ')} to ${url}`,
  }),
  WebhookChanged: ({ name: renamed, url, streams, types }, name) => {
    const changes = [
      renamed && ([renamed.from, renamed.to] as const),
      url && ([url.from, url.to] as const),
      streams && ([`sends ${streams.from.join(', ')}`, `sends ${streams.to.join(', ')}`] as const),
      types && ([typeWords(types.from), typeWords(types.to)] as const),
    ].filter((change) => change !== undefined);
    return {
      colour: 'amber',
      title: `Webhook ${renamed?.from ?? name} changed`,
      change: { from: changes.map(([from]) => from).join('; '), to: changes.map(([, to]) => to).join('; ') },
    };
  },
  WebhookSecretReplaced: (_, name) => ({ colour: 'amber', title: `Secret of webhook ${name} replaced` }),
  WebhookPaused: ({ because, reason }, name) => ({
    colour: because === 'by-hand' ? 'grey' : 'red',
    title: `Webhook ${name} paused`,
    detail: [pauseCauses[because], reason].filter(Boolean).join(': '),
  }),
  WebhookResumed: (_, name) => ({ colour: 'green', title: `Webhook ${name} resumed` }),
  WebhookReplayOrdered: ({ from }, name) => ({
    colour: 'amber',
    title: `Webhook ${name} sends again`,
    detail: `from ${from}`,
  }),
  WebhookRemoved: (_, name) => ({ colour: 'grey', title: `Webhook ${name} removed` }),
};

const typeWords = (types: readonly string[]): string => (types.length === 0 ? 'every type' : types.join(', '));

const doorWords = (doors: readonly string[]): string => doors.map((door) => door.toUpperCase()).join(' and ');

const countOf = (items: number, what: string): string => `${items} ${what}${items === 1 ? '' : 's'}`;

const dialWords = ({ loopback, private: isPrivate, ports: { from, to } }: DialSettings): string =>
  `this machine ${loopback ? 'yes' : 'no'}, private networks ${isPrivate ? 'yes' : 'no'}, ports ${from} to ${to}`;

const retentionWords = ({ requestsDays, rollUpsDays, logLinesDays }: RetentionSettings): string =>
  `requests ${countOf(requestsDays, 'day')}, measurements ${countOf(rollUpsDays, 'day')}, log lines ${countOf(logLinesDays, 'day')}`;

const settings: Words<SettingsEvent> = {
  AccessKeyChanged: ({ keyId, from }) =>
    from === undefined
      ? { colour: 'green', title: 'Access key made', detail: `Key ${keyId}` }
      : { colour: 'amber', title: 'Access key changed', change: { from: `key ${from}`, to: `key ${keyId}` } },
  AccessKeyShown: ({ keyId }) => ({ colour: 'amber', title: 'Access key shown', detail: `Key ${keyId}` }),
  AccessKeyRotationEnded: ({ keyId, former, left }) => ({
    colour: left.length === 0 ? 'green' : 'amber',
    title: 'Former access key given up',
    change: { from: `keys ${former} and ${keyId}`, to: `key ${keyId} alone` },
    detail:
      left.length === 0
        ? 'Every activated node has the new key'
        : `${countOf(left.length, 'node')} without the new key`,
  }),
  DelayedThresholdChanged: ({ from, to }) => ({
    colour: 'amber',
    title: 'Threshold of delayed requests changed',
    change: { from: `${from / 1000} s`, to: `${to / 1000} s` },
  }),
  DialSettingsChanged: ({ from, to }) => ({
    colour: 'amber',
    title: 'What may be dialled changed',
    change: { from: dialWords(from), to: dialWords(to) },
  }),
  RetentionChanged: ({ from, to }) => ({
    colour: 'amber',
    title: 'Retention changed',
    change: { from: retentionWords(from), to: retentionWords(to) },
  }),
  AllowedOriginsChanged: ({ from, to }) => ({
    colour: 'amber',
    title: 'Allowed origins changed',
    change: { from: from.join(', ') || 'none', to: to.join(', ') || 'none' },
  }),
  InferenceOpened: () => ({
    colour: 'red',
    title: 'Inference opened to everybody',
    change: { from: 'with an API key alone', to: 'without a key too' },
  }),
  InferenceClosed: () => ({
    colour: 'green',
    title: 'Inference closed to whoever has no API key',
    change: { from: 'without a key too', to: 'with an API key alone' },
  }),
};

const words = {
  node: nodes,
  health,
  account: accounts,
  key: keys,
  integration: integrations,
  webhook: webhooks,
  settings,
};

/** `NodeCertificatePinned` → `Node certificate pinned`. */
const spelled = (type: string): string => {
  const lower = type.replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ').toLowerCase();
  return lower.charAt(0).toUpperCase() + lower.slice(1);
};

/**
 * What a fact says, for the page and the export alike. Total: a fact of a type or shape that this version does not know is
 * told by its type alone.
 */
export function describeFact({
  family,
  type,
  data,
  subject: { name },
}: Pick<HistoryEntry, 'family' | 'type' | 'data' | 'subject'>): FactWords {
  const parsed = factFamilies[family].schema.safeParse({ type, data });
  if (!parsed.success) return { colour: 'grey', title: `${name}: ${spelled(type)}` };
  // Which words belong to which type, the tables above have made sure of.
  const say = (words[family] as Record<string, (data: object, name: string) => FactWords>)[parsed.data.type];
  return say === undefined ? { colour: 'grey', title: `${name}: ${spelled(type)}` } : say(parsed.data.data, name);
}
