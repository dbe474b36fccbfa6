import { effect, inject, Service, signal, untracked } from '@angular/core';
import { routes, type ReadSettings, type ReplyOf, type SettingsValues } from '@muster/contracts';
import { Api } from '../api/api.js';
import type { Outcome } from '../api/outcome.js';
import { Fleet } from '../live/fleet.js';
import { lastOf, lost, type Remote } from '../live/remote.js';
import { readWhileSeen } from '../live/while-seen.js';

export type Settings = ReplyOf<typeof ReadSettings>;

/** What stands on the page is no older than this even for whoever may not see the fleet, which tells of every change. */
const READ_EVERY_MS = 30_000;

/**
 * The settings of the Gateway, read anew when the fleet tells of another version, and now and then. The access key itself is
 * fetched when somebody asks to see it, and is kept nowhere.
 */
@Service({ autoProvided: false })
export class SettingsStore {
  readonly #api = inject(Api);
  readonly #view = signal<Remote<Settings>>({ state: 'loading' });
  readonly view = this.#view.asReadonly();

  constructor() {
    const fleet = inject(Fleet);
    readWhileSeen({
      needs: 'settings:manage',
      everyMs: READ_EVERY_MS,
      read: () => this.read(),
      forget: () => this.#view.set({ state: 'loading' }),
    });
    effect(() => {
      const version = fleet.last()?.gateway.settingsVersion;
      const seen = untracked(() => lastOf(this.#view())?.version);
      if (version !== undefined && seen !== undefined && version > seen) void this.read();
    });
  }

  /** Reads them all anew, and resolves with them where that worked. An older answer that comes later changes nothing. */
  async read(): Promise<Settings | undefined> {
    const answer = await this.#api.call(routes.readSettings);
    if (answer.ok) {
      const { value } = answer;
      this.#view.update((view) => ((lastOf(view)?.version ?? 0) > value.version ? view : { state: 'ready', value }));
    } else if (answer.failure.code === 'outage') this.#view.update(lost);
    else this.#view.set({ state: 'refused', words: answer.failure.words });
    return answer.ok ? answer.value : undefined;
  }

  showAccessKey(): Promise<Outcome<{ accessKey: string; keyId: string }>> {
    return this.#api.call(routes.showAccessKey);
  }

  /** Takes the given key, or has a new random one made, and begins a rotation. */
  async changeAccessKey(accessKey: string | undefined, commandId: string): Promise<Outcome<{ keyId: string }>> {
    const answer = await this.#api.call(routes.changeAccessKey, {
      body: accessKey === undefined ? {} : { accessKey },
      commandId,
    });
    if (answer.ok) await this.read();
    return answer;
  }

  /** Gives the former key up, on the settings as they were seen. */
  async endRotation(expectedVersion: number | undefined, commandId: string): Promise<Outcome<{ version: number }>> {
    const answer = await this.#api.call(routes.endKeyRotation, { ...versionOf(expectedVersion), commandId });
    await this.read();
    return answer;
  }

  /** Changes what is given, on the settings as they were seen. */
  async change(
    values: Partial<SettingsValues>,
    expectedVersion: number | undefined,
    commandId: string = crypto.randomUUID(),
  ): Promise<Outcome<{ version: number }>> {
    const call = { body: values, ...versionOf(expectedVersion), commandId };
    const answer = await this.#api.call(routes.changeSettings, call);
    // Also when somebody else was faster: then it is theirs that is shown.
    await this.read();
    return answer;
  }
}

const versionOf = (expectedVersion: number | undefined): { expectedVersion?: number } =>
  expectedVersion === undefined ? {} : { expectedVersion };
