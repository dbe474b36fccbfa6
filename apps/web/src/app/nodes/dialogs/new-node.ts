import { DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { form, FormRoot } from '@angular/forms/signals';
import { DEFAULT_NODE_PORT, NodeName, routes, showAddress } from '@muster/contracts';
import { Api } from '../../api/api.js';
import type { Failure } from '../../api/outcome.js';
import { Field } from '../../ui/field.js';
import { TakesFocus } from '../../ui/focus.js';
import { free, holds } from '../../ui/rules.js';
import { AddressFields, addressRules } from './address-fields.js';
import { DialogSteps } from './dialog-steps.js';
import { FoundNode } from './found-node.js';
import { NodeVerifier } from './node-verifier.js';
import { suggestName } from './suggested-name.js';
import { taken } from './taken.js';
import { VerifyStages } from './verify-stages.js';

const steps = ['details', 'verify', 'finish'] as const;

/** Adds a node: what it is called and where it is, a look at it stage by stage, and the person's word on its certificate. */
@Component({
  selector: 'app-new-node',
  imports: [AddressFields, DialogSteps, Field, FormRoot, FoundNode, TakesFocus, VerifyStages],
  providers: [NodeVerifier],
  templateUrl: './new-node.html',
  host: { '(keydown.escape)': 'close()' },
})
export class NewNode {
  readonly #api = inject(Api);
  readonly #taken = taken();
  readonly #dialog = inject(DialogRef);
  protected readonly verifier = inject(NodeVerifier);

  /** Stays the same for all tries of this dialog, so that none of them registers the machine twice. */
  readonly #nodeId = crypto.randomUUID();
  #commandId = crypto.randomUUID();

  protected readonly step = signal<(typeof steps)[number]>('details');
  protected readonly at = computed(() => steps.indexOf(this.step()));
  protected readonly adding = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly form = form(
    signal({ name: this.#suggestion(), address: { host: '', port: String(DEFAULT_NODE_PORT) } }),
    (path) => {
      holds(path.name, NodeName);
      free(path.name, (name) => this.#taken.name(name));
      addressRules(path.address, (address) => this.#taken.address(address));
    },
    {
      submission: {
        action: async () => {
          this.look();
          this.step.set('verify');
        },
      },
    },
  );
  protected readonly address = computed(() => {
    const { host, port } = this.form.address().value();
    return showAddress(host, Number(port));
  });

  protected suggest(): void {
    this.form.name().value.set(this.#suggestion());
  }

  protected look(): void {
    const { host, port } = this.form.address().value();
    this.#commandId = crypto.randomUUID();
    this.problem.set(undefined);
    void this.verifier.look({ host, port: Number(port) });
  }

  protected back(): void {
    this.verifier.stop();
    this.step.set('details');
  }

  protected async add(): Promise<void> {
    const found = this.verifier.found();
    if (found === undefined) return;
    const { name, address } = this.form().value();
    this.adding.set(true);
    const answer = await this.#api.call(routes.registerNode, {
      commandId: this.#commandId,
      body: {
        nodeId: this.#nodeId,
        name,
        host: address.host,
        port: Number(address.port),
        fingerprint: found.certificate.fingerprint,
      },
    });
    this.adding.set(false);
    if (answer.ok) this.#dialog.close();
    else this.#refused(answer.failure);
  }

  protected close(): void {
    this.#dialog.close();
  }

  /** Leads back to the field that has to change, or says beside the button what went wrong. */
  #refused(failure: Failure): void {
    const { name, address } = this.form().value();
    if (this.#taken.refused(failure, name, address)) {
      this.form().markAsTouched();
      this.step.set('details');
    } else {
      this.problem.set(failure.words);
    }
  }

  #suggestion(): string {
    return suggestName(this.#taken.names(), Math.random);
  }
}
