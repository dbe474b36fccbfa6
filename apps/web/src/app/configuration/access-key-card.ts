import { Component, computed, DestroyRef, inject, signal } from '@angular/core';
import { Clock } from '../live/clock.js';
import { lastOf } from '../live/remote.js';
import { CopyButton } from '../ui/copy-button.js';
import { Dialogs } from '../ui/dialogs.js';
import { count, moment } from '../ui/format.js';
import { KeyHolderNames } from './key-holder-names.js';
import { KeyHoldersOfFleet } from './key-holders.js';
import { SettingsStore } from './settings-store.js';

/** A key that is shown is hidden again after this time, so that it does not stand on a screen for ever. */
const SHOWN_MS = 30_000;

/** The access key, who has it, and while it is changed who still has the former one. */
@Component({
  selector: 'app-access-key-card',
  imports: [CopyButton, KeyHolderNames],
  providers: [KeyHoldersOfFleet],
  template: `
    <section class="card" aria-labelledby="access-key">
      <div class="card-head">
        <h2 id="access-key">Node access key</h2>
        <span class="grow"></span>
        <button type="button" [attr.aria-pressed]="key() !== undefined" (click)="show()">
          {{ key() === undefined ? 'Show' : 'Hide' }}
        </button>
        <app-copy-button [text]="fetchKey" what="the access key" />
        <button type="button" [attr.aria-disabled]="rotation() !== undefined" (click)="change()">Change</button>
      </div>
      <div class="body">
        @if (key(); as shown) {
          <p class="mono key" data-access-key>{{ shown }}</p>
        } @else {
          <p class="mono key" aria-label="Hidden">•••• •••• •••• •••• ••••</p>
        }
        @if (settings(); as settings) {
          <p class="sub">
            Key <span class="mono">{{ settings.accessKey.keyId }}</span>, since {{ since() }}. {{ holding() }} A node is
            only driven by a Gateway that has its key: give it to the node service with
            <span class="mono">--access-key-file</span> or <span class="mono">MUSTER_ACCESS_KEY</span>.
          </p>
        } @else if (refused()) {
          <p class="wrong" role="alert">
            {{ refused() }} <button type="button" class="ghost" (click)="store.read()">Try again</button>
          </p>
        }
        @if (rotation(); as rotation) {
          <div class="rotation" role="group" aria-label="Rotation">
            <p>
              <b>The key is being changed.</b> Both keys are accepted until every activated node has the new one; the
              former is <span class="mono">{{ rotation.formerKeyId }}</span>.
            </p>
            <app-key-holder-names [holders]="holders.holders()" />
            <div class="line">
              <p class="sub">
                Put the new key into each node's key file, in place of the former one: the link moves over by itself.
              </p>
              <button type="button" class="danger" (click)="end()">End rotation now</button>
            </div>
          </div>
        }
        @if (problem(); as words) {
          <p class="wrong" role="alert">{{ words }}</p>
        }
        @if (done(); as words) {
          <p role="status">{{ words }}</p>
        }
      </div>
    </section>
  `,
  styles: `
    .body,
    .rotation {
      display: grid;
      gap: 8px;
    }
    .body {
      padding: 16px 18px;
    }
    .rotation {
      margin-top: 6px;
      padding: 12px 14px;
      border: 1px solid var(--line);
      border-left: 3px solid var(--amber);
      border-radius: 8px;
    }
    .line {
      display: flex;
      flex-wrap: wrap;
      gap: 8px 14px;
      align-items: center;
      justify-content: space-between;
    }
    .key {
      font-size: 14px;
      overflow-wrap: anywhere;
    }
    .sub .mono {
      font-size: 12px;
    }
    .rotation .mono {
      margin-left: 0;
    }
  `,
})
export class AccessKeyCard {
  readonly #clock = inject(Clock);
  readonly #dialogs = inject(Dialogs);
  protected readonly store = inject(SettingsStore);
  protected readonly holders = inject(KeyHoldersOfFleet);

  protected readonly settings = computed(() => lastOf(this.store.view()));
  protected readonly rotation = computed(() => this.settings()?.rotation);
  protected readonly refused = computed(() => {
    const view = this.store.view();
    return view.state === 'refused' ? view.words : undefined;
  });
  protected readonly since = computed(() => {
    const changedAt = this.settings()?.accessKey.changedAt;
    return changedAt === undefined ? '' : moment(changedAt, this.#clock.now());
  });
  /** "3 of 4 nodes are linked with this key." */
  protected readonly holding = computed(() => {
    const holders = this.holders.holders();
    if (holders === undefined) return '';
    const all = holders.current.length + holders.former.length + holders.unknown.length;
    return all === 0 ? 'No node is activated.' : `${holders.current.length} of ${count(all, 'node')} linked with it.`;
  });
  protected readonly key = signal<string | undefined>(undefined);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly done = signal<string | undefined>(undefined);
  #hide: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    inject(DestroyRef).onDestroy(() => clearTimeout(this.#hide));
  }

  protected readonly fetchKey = async (): Promise<string | undefined> => {
    const answer = await this.store.showAccessKey();
    this.problem.set(answer.ok ? undefined : answer.failure.words);
    return answer.ok ? answer.value.accessKey : undefined;
  };

  protected async show(): Promise<void> {
    clearTimeout(this.#hide);
    this.key.set(this.key() === undefined ? await this.fetchKey() : undefined);
    this.#hide = setTimeout(() => this.key.set(undefined), SHOWN_MS);
  }

  protected async change(): Promise<void> {
    if (this.rotation() !== undefined) {
      this.problem.set('The last change is still under way. End it first.');
      return;
    }
    const { ChangeAccessKey } = await import('./change-access-key.js');
    if ((await this.#dialogs.show<boolean>(ChangeAccessKey, 'change-key-title', this.store)) !== true) return;
    this.key.set(undefined);
    this.problem.set(undefined);
    this.done.set('The access key was changed. Show or copy it to give it to your nodes.');
  }

  protected async end(): Promise<void> {
    const ended = await this.#dialogs.ask({
      title: 'End the rotation now?',
      words: this.#cost(),
      keep: 'Go on with both',
      go: 'End rotation',
      going: 'Ending…',
      act: (commandId) => this.store.endRotation(this.settings()?.version, commandId),
    });
    if (!ended) return;
    this.problem.set(undefined);
    this.done.set('The former key is worth nothing any more.');
  }

  /** What ending the rotation costs, by the names of the nodes. */
  #cost(): string[] {
    const { former = [], unknown = [] } = this.holders.holders() ?? {};
    return [
      former.length === 0
        ? 'No node that is linked has the former key alone.'
        : `These nodes have the former key alone, and turn red with “Access key refused” until they get the new one: ${former.join(', ')}.`,
      ...(unknown.length === 0 ? [] : [`Not linked, so it is not known which key they have: ${unknown.join(', ')}.`]),
      'From then on the former key is worth nothing.',
    ];
  }
}
