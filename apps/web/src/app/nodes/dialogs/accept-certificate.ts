import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, inject, signal } from '@angular/core';
import { type NodeView, routes } from '@muster/contracts';
import { Api } from '../../api/api.js';
import { NodeVerifier } from './node-verifier.js';
import { VerifyStages } from './verify-stages.js';

/** Shows the certificate a node has now beside the one that was accepted before, and takes a person's word for the new one. */
@Component({
  selector: 'app-accept-certificate',
  imports: [VerifyStages],
  providers: [NodeVerifier],
  template: `
    <div class="dialog-head">
      <h1 id="accept-certificate-title" tabindex="-1">Certificate of {{ node.name }}</h1>
    </div>
    @if (verifier.found(); as found) {
      <div class="dialog-body">
        <div>
          <p class="sub">Accepted until now</p>
          <p class="mono" data-fingerprint="old">{{ node.certificate?.fingerprint ?? 'None' }}</p>
        </div>
        <div>
          <p class="sub">Shown by the node now</p>
          <p class="mono" data-fingerprint="new">{{ found.certificate.fingerprint }}</p>
        </div>
        @if (found.certificate.fingerprint === node.certificate?.fingerprint) {
          <p>They are the same. There is nothing to accept.</p>
        } @else {
          <p>
            Accept it only if you know why it changed, as after the node was set up anew. Compare it with the one that
            the node shows at its start. If nobody changed anything, somebody may be in between.
          </p>
        }
        @if (problem(); as words) {
          <p class="wrong" role="alert">{{ words }}</p>
        }
      </div>
    } @else {
      <app-verify-stages [verification]="verifier.verification()" />
    }
    <div class="dialog-foot">
      <button type="button" class="ghost" (click)="close()">Cancel</button>
      <span class="grow"></span>
      @if (verifier.verification().state === 'failed' || verifier.verification().state === 'broken') {
        <button type="button" (click)="look()">Try again</button>
      }
      <button type="button" class="primary" [disabled]="saving() || !differs()" (click)="accept()">
        {{ saving() ? 'Accepting…' : 'Accept the new certificate' }}
      </button>
    </div>
  `,
  styles: `
    .mono {
      overflow-wrap: anywhere;
      line-height: 1.7;
    }
  `,
})
export class AcceptCertificate {
  readonly #api = inject(Api);
  readonly #dialog = inject(DialogRef);
  protected readonly node = inject<NodeView>(DIALOG_DATA);
  protected readonly verifier = inject(NodeVerifier);
  readonly #commandId = crypto.randomUUID();

  protected readonly saving = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);

  constructor() {
    this.look();
  }

  protected look(): void {
    const { host, port, nodeId } = this.node;
    void this.verifier.look({ host, port, nodeId });
  }

  protected differs(): boolean {
    const found = this.verifier.found();
    return found !== undefined && found.certificate.fingerprint !== this.node.certificate?.fingerprint;
  }

  protected async accept(): Promise<void> {
    const found = this.verifier.found();
    if (found === undefined) return;
    this.saving.set(true);
    const answer = await this.#api.call(routes.pinCertificate, {
      params: { nodeId: this.node.nodeId },
      body: { fingerprint: found.certificate.fingerprint },
      commandId: this.#commandId,
    });
    this.saving.set(false);
    if (answer.ok) this.close();
    else this.problem.set(answer.failure.words);
  }

  protected close(): void {
    this.#dialog.close();
  }
}
