import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { form, FormRoot } from '@angular/forms/signals';
import { addressKey, NodeName, type NodeView, routes, showAddress } from '@muster/contracts';
import { Api } from '../../api/api.js';
import { Field } from '../../ui/field.js';
import { TakesFocus } from '../../ui/focus.js';
import { free, holds } from '../../ui/rules.js';
import { AddressFields, addressRules } from './address-fields.js';
import { DialogSteps } from './dialog-steps.js';
import { FoundNode } from './found-node.js';
import { NodeVerifier } from './node-verifier.js';
import { taken } from './taken.js';
import { VerifyStages } from './verify-stages.js';

const steps = ['details', 'verify', 'finish'] as const;

/** Renames a node, or moves it to another address, which is looked at first. */
@Component({
  selector: 'app-edit-node',
  imports: [AddressFields, DialogSteps, Field, FormRoot, FoundNode, TakesFocus, VerifyStages],
  providers: [NodeVerifier],
  templateUrl: './edit-node.html',
  host: { '(keydown.escape)': 'close()' },
})
export class EditNode {
  readonly #api = inject(Api);
  readonly #dialog = inject(DialogRef);
  protected readonly node = inject<NodeView>(DIALOG_DATA);
  protected readonly verifier = inject(NodeVerifier);
  readonly #taken = taken(this.node.nodeId);
  #commandId = crypto.randomUUID();

  protected readonly step = signal<(typeof steps)[number]>('details');
  protected readonly at = computed(() => steps.indexOf(this.step()));
  protected readonly saving = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly form = form(
    signal({ name: this.node.name, address: { host: this.node.host, port: String(this.node.port) } }),
    (path) => {
      holds(path.name, NodeName);
      free(path.name, (name) => this.#taken.name(name));
      addressRules(path.address, (address) => this.#taken.address(address));
    },
    {
      submission: {
        action: async () => {
          if (this.moved()) {
            this.look();
            this.step.set('verify');
          } else {
            this.#commandId = crypto.randomUUID();
            await this.save();
          }
        },
      },
    },
  );
  protected readonly moved = computed(() => {
    const { host, port } = this.form.address().value();
    return addressKey(host, Number(port)) !== addressKey(this.node.host, this.node.port);
  });
  protected readonly address = computed(() => {
    const { host, port } = this.form.address().value();
    return showAddress(host, Number(port));
  });

  protected look(): void {
    const { host, port } = this.form.address().value();
    this.#commandId = crypto.randomUUID();
    this.problem.set(undefined);
    void this.verifier.look({ host, port: Number(port), nodeId: this.node.nodeId });
  }

  protected back(): void {
    this.verifier.stop();
    this.step.set('details');
  }

  protected async save(): Promise<void> {
    const { name, address } = this.form().value();
    const found = this.moved() ? this.verifier.found() : undefined;
    const body = {
      ...(name !== this.node.name && { name }),
      ...(found && {
        address: { host: address.host, port: Number(address.port), fingerprint: found.certificate.fingerprint },
      }),
    };
    if (Object.keys(body).length === 0) {
      this.close();
      return;
    }
    this.saving.set(true);
    const answer = await this.#api.call(routes.changeNode, {
      params: { nodeId: this.node.nodeId },
      body,
      commandId: this.#commandId,
      expectedVersion: this.node.version,
    });
    this.saving.set(false);
    if (answer.ok) this.close();
    else if (this.#taken.refused(answer.failure, name, address)) this.step.set('details');
    else this.problem.set(answer.failure.words);
  }

  protected close(): void {
    this.#dialog.close();
  }
}
