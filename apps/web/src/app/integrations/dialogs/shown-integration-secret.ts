import { Component, computed, input, output } from '@angular/core';
import type { IntegrationDoor, ShownSecret, StreamName } from '@muster/contracts';
import { CopyButton } from '../../ui/copy-button.js';
import { TakesFocus } from '../../ui/focus.js';
import { curlProgram, natsProgram } from '../integration-words.js';

/** The secret of an integration, this once, and how a program comes in with it. */
@Component({
  selector: 'app-shown-secret',
  imports: [CopyButton, TakesFocus],
  template: `
    <div class="dialog-head"><h1 [id]="titleId()" tabindex="-1" appTakesFocus>Copy the secret now</h1></div>
    <div class="dialog-body">
      <p>
        This is the one time that it is shown: Muster keeps no copy of it. Give it to the program, and to nobody else.
      </p>
      <div class="line">
        <code class="code" data-secret>{{ shown().secret }}</code>
        <app-copy-button [text]="shown().secret" what="the secret" />
      </div>
      @if (doors().includes('nats')) {
        <h2>Over NATS</h2>
        <p class="sub">
          The secret is the password of the user <span class="mono">{{ shown().natsUser }}</span>. Answers come to the
          inbox prefix <span class="mono">_INBOX_{{ shown().natsUser }}</span
          >, which a client must be told.
        </p>
        <div class="line">
          <pre class="code" tabindex="0" aria-label="A program for NATS">{{ nats() }}</pre>
          <app-copy-button [text]="nats()" what="the program for NATS" />
        </div>
      }
      @if (doors().includes('http')) {
        <h2>Over HTTP</h2>
        <p class="sub">The secret is the bearer's token.</p>
        <div class="line">
          <pre class="code" tabindex="0" aria-label="A call over HTTP">{{ curl() }}</pre>
          <app-copy-button [text]="curl()" what="the call over HTTP" />
        </div>
      }
    </div>
    <div class="dialog-foot">
      <span class="grow"></span>
      <button type="button" class="primary" (click)="copied.emit()">I have copied it</button>
    </div>
  `,
  styles: `
    .dialog-body {
      grid-template-columns: minmax(0, 1fr);
    }
    .mono {
      overflow-wrap: anywhere;
    }
    .line {
      display: flex;
      gap: 8px;
      align-items: start;
    }
    .code {
      flex: 1;
      min-width: 0;
      margin: 0;
    }
    pre {
      max-height: 220px;
      overflow: auto;
      font-size: 12px;
      white-space: pre;
    }
    h2 {
      font-size: 14px;
      font-weight: 600;
    }
  `,
})
export class ShownSecretView {
  readonly titleId = input.required<string>();
  readonly shown = input.required<ShownSecret>();
  readonly doors = input.required<readonly IntegrationDoor[]>();
  readonly streams = input.required<readonly StreamName[]>();
  readonly copied = output();

  protected readonly nats = computed(() => natsProgram(this.shown().natsUser, this.streams()[0] ?? 'FLEET'));
  protected readonly curl = computed(() => curlProgram(location.origin));
}
