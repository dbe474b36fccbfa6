import type { Bus, LetGo, ReadSoFar, ServerConnection, ServerWatch } from '@muster/bus';
import {
  type FactMeta,
  factFamilies,
  type IntegrationActivity,
  integrationBounds,
  type IntegrationReading,
  integrationStreams,
  type ListedIntegration,
  natsUserOf,
  Troubles,
  troublesTogether,
} from '@muster/contracts';
import { type EventStore, onDatabase } from '@muster/event-store';
import type { Clock, Ids } from '@muster/service';
import { GATEWAY } from '../gateway.js';
import { brokenBound, reconcile } from './activity.js';
import { HttpActivity } from './http-activity.js';
import type { Integrations } from './integrations.js';
import { type IntegrationRow, noteSeen, presentIntegrations } from './integrations.table.js';
import { type GrowingLog, violationIn } from './nats-log.js';
import { natsUsersText, writeNatsUsers } from './nats-users.js';

/** Every user of an outsider begins so. */
const USERS = 'integration-';
/** How often it looks by itself, and how old what it shows may be while somebody looks. */
const LOOK_EVERY_MS = 10_000;
const FRESH_MS = 2_000;
/** Somebody who came is looked at so soon: a flood of connections is ended with a few looks. */
const SOON_MS = 300;

export interface WatchParts {
  readonly store: EventStore;
  readonly bus: Bus;
  readonly integrations: Integrations;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Undefined: the users of NATS are its operator's. */
  readonly usersFile: string | undefined;
  readonly server: ServerWatch | undefined;
  readonly log: GrowingLog | undefined;
  readonly tell: (level: 'warn' | 'debug', what: Readonly<Record<string, unknown>> & { readonly msg: string }) => void;
}

interface Seen {
  readonly atMs: number;
  readonly connections: readonly ServerConnection[] | undefined;
  readonly readings: readonly ReadSoFar[] | undefined;
}

/**
 * Has NATS be what was decided about integrations: writes its users, makes and removes their consumers, sees who is connected and
 * how far behind, and suspends who breaks a bound. Every registry does so; what two of them do at once is the same.
 */
export class IntegrationWatch {
  readonly #troubles = new Troubles();
  readonly #http = new HttpActivity();
  readonly #hearing: { stop(): Promise<void> };
  #seen: Seen = { atMs: -Infinity, connections: undefined, readings: undefined };
  #looking: Promise<void> | undefined;
  #again = false;
  #writing: Promise<void> = Promise.resolve();
  #soon: NodeJS.Timeout | undefined;
  #following: { stop(): Promise<void> } | undefined;
  readonly #timer: NodeJS.Timeout;
  #isStopped = false;

  constructor(private readonly parts: WatchParts) {
    this.#timer = setInterval(() => void this.look(), LOOK_EVERY_MS).unref();
    this.#hearing = parts.bus.onHttpReadings((reading) => {
      this.#http.heard(reading, parts.clock.monotonicMs());
    });
    parts.server?.follow(USERS, { onCame: () => this.#lookSoon(), onLetGo: (letGo) => this.#onLetGo(letGo) });
  }

  /** Resolves when NATS knows what was decided before. */
  async start(): Promise<void> {
    await this.#writeUsers();
    void this.look();
    // What another registry decided is felt by its fact.
    this.#following = await this.parts.bus.followFacts([factFamilies.integration], () => void this.decided());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    await this.#hearing.stop();
    await this.#following?.stop();
    await this.#looking;
    await this.#writing;
    await this.parts.server?.close();
  }

  /** Who has NATS know its users. */
  get natsUsers(): 'muster' | 'operator' {
    return this.parts.usersFile === undefined ? 'operator' : 'muster';
  }

  /** Something was decided: NATS is told at once, consumers follow. Never throws; what failed is tried again with the next look. */
  async decided(): Promise<void> {
    await this.#writeUsers();
    try {
      await this.#readings(await this.#present());
    } catch (err) {
      this.parts.tell('debug', { msg: 'The consumers of outsiders could not be made; it is tried again', err });
    }
    this.#lookSoon();
  }

  /** What each is doing, not older than 2 s unless the bus is away. */
  async activities(list: readonly ListedIntegration[]): Promise<ListedIntegration[]> {
    if (this.parts.clock.monotonicMs() - this.#seen.atMs > FRESH_MS) await this.look();
    const now = this.parts.clock.now();
    return list.map((each) => {
      const activity = this.#activityOf(each, now);
      return activity === undefined ? each : { ...each, activity };
    });
  }

  /** How far a user has read each of its streams, not older than 2 s; undefined while the bus is away. */
  async readingsOf(user: string): Promise<IntegrationReading[] | undefined> {
    if (this.parts.clock.monotonicMs() - this.#seen.atMs > FRESH_MS) await this.look();
    return this.#seen.readings && readingsIn(this.#seen.readings, user);
  }

  /** Looks at everything once. One look at a time: who asks meanwhile gets the next. Never throws. */
  look(): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    if (this.#looking !== undefined) {
      this.#again = true;
      return this.#looking;
    }
    this.#looking = this.#lookOnce()
      .catch((err: unknown) => {
        this.parts.tell('debug', { msg: 'What integrations do could not be looked at', err });
      })
      .finally(() => {
        this.#looking = undefined;
        if (this.#again) this.#lookSoon();
        this.#again = false;
      });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { bus, clock, server } = this.parts;
    await this.#writeUsers();
    const present = await this.#present();
    await this.#readLog();
    const [readings, connections] = await Promise.all([
      this.#readings(present).catch((err: unknown) => {
        if (bus.state === 'up') this.parts.tell('debug', { msg: 'Consumers of outsiders could not be looked at', err });
        return undefined;
      }),
      server?.connections(USERS).catch(() => undefined),
    ]);
    this.#seen = { atMs: clock.monotonicMs(), connections, readings };
    for (const row of present) {
      const own = connections?.filter(({ user }) => user === userOf(row)) ?? [];
      await this.#noteSeen(row, own.length > 0 ? clock.now() : this.#http.seenAt(row.integrationId));
      await this.#judge(row, own);
    }
  }

  async #readings(present: readonly IntegrationRow[]): Promise<ReadSoFar[]> {
    const { outsiders } = this.parts.bus;
    const list = async () => (await Promise.all(integrationStreams.map((each) => outsiders.list(each, USERS)))).flat();
    const actual = await list();
    const actions = reconcile(present, actual);
    for (const action of actions) {
      const { stream, consumer } = action;
      if (action.do === 'remove') await outsiders.remove(stream, consumer);
      else
        await outsiders.ensure(
          stream,
          consumer,
          action.since === undefined ? { from: 'now' } : { from: 'since', at: action.since },
        );
    }
    return actions.length === 0 ? actual : list();
  }

  /** Once a minute at most. */
  async #noteSeen({ integrationId, lastSeenAt }: IntegrationRow, at: string | undefined): Promise<void> {
    if (at === undefined || Date.parse(at) - (lastSeenAt?.getTime() ?? 0) <= 60_000) return;
    const { clock, store } = this.parts;
    await onDatabase(() => noteSeen(integrationId, at, clock.now(), store.database));
  }

  /** Suspends who breaks a bound, which ends its connections. */
  async #judge(row: IntegrationRow, connections: readonly ServerConnection[]): Promise<void> {
    const { integrations, clock, ids, tell } = this.parts;
    const { integrationId, name } = row;
    const broken = brokenBound(connections);
    if (broken === undefined || row.suspended !== null) return;
    const meta: FactMeta = { actor: GATEWAY, commandId: ids.uuid(), correlationId: ids.uuid() };
    await integrations.order({ type: 'suspend', integrationId, ...broken }, meta, undefined);
    tell('warn', { msg: 'An integration broke a bound and was suspended', integrationId, name, ...broken });
    this.#troubles.note(userOf(row), broken.reason, clock.now());
    await this.#writeUsers();
  }

  #activityOf({ integrationId, natsUser: user }: ListedIntegration, now: string): IntegrationActivity | undefined {
    const { connections, readings } = this.#seen;
    const own = connections?.filter((each) => each.user === user);
    const http = this.#http.of(integrationId, this.parts.clock.monotonicMs());
    const troubles = troublesTogether([this.#troubles.of(user, now), this.#http.troublesOf(integrationId)]);
    if (readings === undefined && own === undefined && http === undefined && troubles.length === 0) return undefined;
    return {
      ...(own && { connected: own.length }),
      connections: (own ?? [])
        .slice(0, integrationBounds.connections)
        .map(({ address, client, since, pendingBytes, subscriptions }) => ({
          ...{ address, client: client.slice(0, 128), since, pendingBytes, subscriptions },
        })),
      readings: readingsIn(readings ?? [], user),
      ...(http && { http }),
      troubles,
    };
  }

  async #readLog(): Promise<void> {
    const lines = await this.parts.log?.lines().catch(() => undefined);
    for (const line of lines ?? []) {
      const violation = violationIn(line);
      if (violation !== undefined) this.#note(violation.user, violation.words);
    }
  }

  #onLetGo({ user, reason, address }: LetGo): void {
    this.#note(user, `Let go by NATS: ${reason}`, address);
    this.#lookSoon();
  }

  /** The log has each kind once; the page tells how often. */
  #note(user: string, words: string, address?: string): void {
    const isNew = this.#troubles.note(user, words, this.parts.clock.now());
    if (isNew) this.parts.tell('warn', { msg: 'NATS refused something to an integration', user, words, address });
  }

  #lookSoon(): void {
    if (this.#isStopped) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      void this.look();
    }, SOON_MS).unref();
  }

  /** One writing after the other, each of what is decided by then. */
  #writeUsers(): Promise<void> {
    const { usersFile, tell } = this.parts;
    if (usersFile === undefined) return Promise.resolve();
    this.#writing = this.#writing.then(async () => {
      try {
        await writeNatsUsers(usersFile, natsUsersText(await this.#present()));
      } catch (err) {
        tell('warn', { msg: 'The users of outsiders could not be written for NATS; it is tried again', err });
      }
    });
    return this.#writing;
  }

  #present(): Promise<IntegrationRow[]> {
    return onDatabase(() => presentIntegrations(this.parts.store.database.manager));
  }
}

const readingsIn = (readings: readonly ReadSoFar[], user: string): IntegrationReading[] =>
  readings
    .filter(({ consumer }) => consumer === user)
    .map(({ acknowledgedAt, ...rest }) => ({ ...rest, ...(acknowledgedAt !== undefined && { acknowledgedAt }) }));

const userOf = ({ integrationId }: IntegrationRow): string => natsUserOf(integrationId);
