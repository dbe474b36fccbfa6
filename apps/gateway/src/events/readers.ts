import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Shutdown } from '@muster/service';
import {
  integrationAllows,
  neededToGive,
  type Permission,
  Refusal,
  type Route,
  type StreamName,
  streams as factStreams,
} from '@muster/contracts';
import { KnownKeys } from '../api-keys/known-keys.js';
import type { CallTo } from '../doors/serves.js';
import { KnownIntegrations } from '../integrations/known-integrations.js';
import { Sessions } from '../sessions/sessions.js';
import { OpenStreams, type Reader } from './open-streams.js';

const LOOK_AGAIN_MS = 30_000;
/** One line in the log a minute for each reader that is turned away again and again. */
const TELL_EVERY_MS = 60_000;

/** The streams that somebody with these permissions may read whole. */
export const readableStreams = (permissions: readonly Permission[]): StreamName[] =>
  (Object.keys(factStreams) as StreamName[]).filter((stream) =>
    neededToGive(stream).every((permission) => permissions.includes(permission)),
  );

/** Who reads facts over HTTP, what each may read, and that nobody reads on who may not any more. */
@Injectable()
export class Readers implements OnApplicationShutdown {
  readonly #log = new Logger('Events');
  readonly #toldMs = new Map<string, number>();
  readonly streams = new OpenStreams((reader, times) => {
    this.#tell(reader, times);
  });
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly sessions: Sessions,
    private readonly keys: KnownKeys,
    private readonly integrations: KnownIntegrations,
    shutdown: Shutdown,
  ) {
    shutdown.begun.addEventListener('abort', () => {
      this.streams.endAll();
    });
    const look = (kind?: Reader['kind']) => () => void this.streams.check(kind);
    sessions.onEnd(look('session'));
    sessions.onChange(look('session'));
    keys.onChange(look('key'));
    integrations.onChange(look('integration'));
    this.#timer = setInterval(look(), LOOK_AGAIN_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  /**
   * Who calls, and the streams that are read: those that were chosen, or all that may be. Throws the Refusals `not-permitted`, and
   * for an integration those of `integrationAllows`.
   */
  of(
    { caller, session, integration }: Pick<CallTo<Route>, 'caller' | 'session' | 'integration'>,
    chosen: readonly StreamName[] | undefined,
  ): { reader: Reader; streams: readonly StreamName[] } {
    if (integration !== undefined) return this.#ofIntegration(integration, chosen ?? integration.streams);
    const may = readableStreams(caller.permissions);
    const streams = chosen ?? may;
    const refused = streams.filter((stream) => !may.includes(stream));
    if (refused.length > 0)
      throw new Refusal('not-permitted', { field: 'streams', words: `You may not read ${refused.join(', ')}.` });
    const stillMay = (permissions: readonly Permission[]): boolean => {
      const now = readableStreams(permissions);
      return streams.every((stream) => now.includes(stream));
    };
    const { id, name } = caller.actor;
    if (session === undefined)
      return { streams, reader: { kind: 'key', id, name, holds: () => stillMay(this.keys.may(id)) } };
    const holds = async (): Promise<boolean> =>
      stillMay((await this.sessions.byHash(session.tokenHash))?.account.permissions ?? []);
    return { streams, reader: { kind: 'session', id: session.sessionId, name, holds } };
  }

  #ofIntegration(integration: NonNullable<CallTo<Route>['integration']>, streams: readonly StreamName[]) {
    const { integrationId: id, name, hash } = integration;
    const answer = integrationAllows(integration, { door: 'http', wanted: streams });
    if (answer !== 'yes') throw new Refusal(answer);
    const holds = (): boolean => {
      const now = this.integrations.byHash(hash);
      return now !== undefined && integrationAllows(now, { door: 'http', wanted: streams }) === 'yes';
    };
    return { streams, reader: { kind: 'integration', id, name, holds } as const };
  }

  #tell({ kind, id, name }: Reader, times: number): void {
    const now = performance.now();
    if (now - (this.#toldMs.get(id) ?? -Infinity) < TELL_EVERY_MS) return;
    this.#toldMs.clear();
    this.#toldMs.set(id, now);
    this.#log.warn({ msg: `Too many streams of facts: ${name} was turned away`, kind, id, times });
  }
}
