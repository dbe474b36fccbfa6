import { Component, computed, inject } from '@angular/core';
import { Clock } from '../live/clock.js';
import { lastOf } from '../live/remote.js';
import { Session } from '../session/session.js';
import { count, moment, span } from '../ui/format.js';
import { IntegrationTabs } from './integration-tabs.js';
import { IntegrationDialogs } from './integration-dialogs.js';
import { behindWords, heldWords, httpWords, readsWords, stateTitles, suspendedWords } from './integration-words.js';
import { IntegrationsStore } from './integrations-store.js';

/** Every outsider that may read facts: what it reads, whether it is there, and how far behind it is. */
@Component({
  selector: 'app-integrations',
  imports: [IntegrationTabs],
  providers: [IntegrationsStore],
  templateUrl: './integrations.html',
  styleUrl: './integrations.css',
})
export class Integrations {
  readonly #session = inject(Session);
  readonly #clock = inject(Clock);
  protected readonly dialogs = inject(IntegrationDialogs);
  protected readonly store = inject(IntegrationsStore);

  protected readonly may = computed(() => this.#session.may('integrations:manage'));
  /** Somebody else runs the NATS that Muster uses, and makes its users. */
  protected readonly byOperator = computed(() => lastOf(this.store.view())?.natsUsers === 'operator');
  protected readonly rows = computed(() => {
    const now = this.#clock.now();
    const ago = (at: string): string => `${span(Math.max(0, now - Date.parse(at)))} ago`;
    return lastOf(this.store.view())?.integrations.map((integration) => {
      const { activity, doors, lastSeenAt, state } = integration;
      const lastCall = activity?.http?.lastCall;
      return {
        integration,
        state: stateTitles[state],
        reads: readsWords(integration),
        suspended: suspendedWords(integration, now),
        seen: lastSeenAt === undefined ? 'Never seen' : `Seen ${ago(lastSeenAt)}`,
        seenAt: lastSeenAt === undefined ? '' : moment(lastSeenAt, now),
        isLet: state !== 'revoked',
        onNats: doors.includes('nats') && state !== 'revoked',
        connected: activity?.connected === undefined ? undefined : `${count(activity.connected, 'connection')} to NATS`,
        open: activity?.http && `${activity.http.open} open over HTTP`,
        overHttp: [
          ...(activity?.http?.readers ?? []).map((reader) => ({
            ...reader,
            what: '',
            when: `since ${ago(reader.since)}`,
          })),
          ...(lastCall ? [{ ...lastCall, what: 'Last call: ', when: ago(lastCall.at) }] : []),
        ].map(({ address, what, when, ...place }) => ({ address, what, when, ...httpWords(place) })),
        connections: (activity?.connections ?? []).map((connection) => ({
          ...connection,
          since: ago(connection.since),
          held: heldWords(connection),
        })),
        readings: (activity?.readings ?? []).map((reading) => ({
          ...reading,
          behind: behindWords(reading),
          isBehind: reading.waiting + reading.unacknowledged > 0,
          active: reading.acknowledgedAt === undefined ? 'Never' : ago(reading.acknowledgedAt),
        })),
        troubles: (activity?.troubles ?? []).map(({ words, count: times, at }) => ({
          words: times === 1 ? words : `${words} (${times} times)`,
          at: ago(at),
        })),
      };
    });
  });

  protected async then(changed: Promise<boolean>): Promise<void> {
    if (await changed) await this.store.read();
  }
}
