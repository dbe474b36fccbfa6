import { DIALOG_DATA, DialogRef } from '@angular/cdk/dialog';
import { Component, computed, inject, signal } from '@angular/core';
import { form, FormRoot } from '@angular/forms/signals';
import { addressKey, DEFAULT_NODE_PORT, NodeName, type NodeView, routes, showAddress } from '@muster/contracts';
import { Api } from '../../api/api.js';
import type { Outcome } from '../../api/outcome.js';
import { Sending } from '../../api/sending.js';
import { Field } from '../../ui/field.js';
import { TakesFocus } from '../../ui/focus.js';
import { Refusal } from '../../ui/refusal.js';
import { free, holds } from '../../ui/rules.js';
import { JoinLine } from '../join-line.js';
import { AddressFields, addressRules, type TypedAddress } from './address-fields.js';
import { DialogSteps } from './dialog-steps.js';
import { FoundNode } from './found-node.js';
import { NodeVerifier } from './node-verifier.js';
import { suggestName } from './suggested-name.js';
import { taken } from './taken.js';
import { VerifyStages } from './verify-stages.js';

const steps = ['details', 'verify', 'finish'] as const;

const typedOf = ({ name, host, port }: NodeView): { name: string; address: TypedAddress } => ({
  name,
  address: { host, port: String(port) },
});

/**
 * Adds a node, or renames or moves the one that it is opened with: what it is called and where it is, a look at an address that
 * is new stage by stage, and the person's word on the certificate found there.
 */
@Component({
  selector: 'app-node-wizard',
  imports: [AddressFields, DialogSteps, Field, FormRoot, FoundNode, JoinLine, Refusal, TakesFocus, VerifyStages],
  providers: [NodeVerifier],
  templateUrl: './node-wizard.html',
  host: { '(keydown.escape)': 'close()' },
})
export class NodeWizard {
  readonly #api = inject(Api);
  readonly #dialog = inject(DialogRef);
  protected readonly verifier = inject(NodeVerifier);
  /** The node as it was when this was opened or reloaded; undefined for a new one. */
  protected readonly node = signal(inject<NodeView | undefined>(DIALOG_DATA, { optional: true }) ?? undefined);
  /** Of a new node the same for all tries of this dialog, so that none of them registers the machine twice. */
  readonly #nodeId = this.node()?.nodeId ?? crypto.randomUUID();
  readonly #taken = taken(this.#nodeId);
  readonly #sending = new Sending(() => crypto.randomUUID());

  protected readonly step = signal<(typeof steps)[number]>('details');
  protected readonly at = computed(() => steps.indexOf(this.step()));
  protected readonly saving = signal(false);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly outdated = signal(false);
  readonly #typed = signal(this.#begin());
  protected readonly form = form(
    this.#typed,
    (path) => {
      holds(path.name, NodeName);
      free(path.name, (name) => this.#taken.name(name));
      addressRules(path.address, (address) => this.#taken.address(address));
    },
    {
      submission: {
        action: async () => {
          if (!this.moved()) {
            await this.save();
            return;
          }
          this.look();
          this.step.set('verify');
        },
      },
    },
  );
  /** Whether the address is one that has to be looked at. */
  protected readonly moved = computed(() => {
    const node = this.node();
    const { host, port } = this.#typed().address;
    return node === undefined || addressKey(host, Number(port)) !== addressKey(node.host, node.port);
  });
  protected readonly address = computed(() => {
    const { host, port } = this.#typed().address;
    return showAddress(host, Number(port));
  });

  protected suggest(): void {
    this.form.name().value.set(this.#suggestion());
  }

  protected look(): void {
    const { host, port } = this.#typed().address;
    this.#say(undefined);
    const registered = this.node() !== undefined && { nodeId: this.#nodeId };
    void this.verifier.look({ host, port: Number(port), ...registered });
  }

  protected back(): void {
    this.verifier.stop();
    this.step.set('details');
  }

  protected async save(): Promise<void> {
    const node = this.node();
    if (this.moved() && this.verifier.found() === undefined) return;
    this.saving.set(true);
    const answer = await (node === undefined ? this.#register() : this.#change(node));
    this.saving.set(false);
    const { name, address } = this.#typed();
    if (answer?.ok !== false) this.close();
    else if (this.#taken.refused(answer.failure, name, address)) {
      // Back to the field that has to change.
      this.form().markAsTouched();
      this.step.set('details');
    } else this.#say(answer.failure.words, answer.failure.code === 'version-conflict');
  }

  /** Takes what somebody else made of the node meanwhile, in place of what was typed here. */
  protected async reload(): Promise<void> {
    const answer = await this.#api.call(routes.readNode, { params: { nodeId: this.#nodeId } });
    if (answer.ok) {
      this.node.set(answer.value);
      this.#typed.set(typedOf(answer.value));
      this.#say(undefined);
      this.back();
    } else if (answer.failure.code === 'node-unknown') this.close();
    else this.#say(answer.failure.words, true);
  }

  protected close(): void {
    this.#dialog.close();
  }

  /** Undefined while nothing was verified. */
  async #register(): Promise<Outcome<unknown> | undefined> {
    const address = this.#verified();
    if (address === undefined) return undefined;
    const body = { nodeId: this.#nodeId, name: this.#typed().name, ...address };
    return this.#api.call(routes.registerNode, { commandId: this.#sending.of(body), body });
  }

  /** Undefined when nothing is changed. */
  async #change({ name: before, version }: NodeView): Promise<Outcome<unknown> | undefined> {
    const { name } = this.#typed();
    const address = this.moved() ? this.#verified() : undefined;
    const body = { ...(name !== before && { name }), ...(address && { address }) };
    if (Object.keys(body).length === 0) return undefined;
    return this.#api.call(routes.changeNode, {
      params: { nodeId: this.#nodeId },
      body,
      commandId: this.#sending.of({ body, version }),
      expectedVersion: version,
    });
  }

  /** The address with the certificate that was found there and shown. */
  #verified(): { host: string; port: number; fingerprint: string } | undefined {
    const { host, port } = this.#typed().address;
    const found = this.verifier.found();
    return found && { host, port: Number(port), fingerprint: found.certificate.fingerprint };
  }

  #say(words: string | undefined, outdated = false): void {
    this.problem.set(words);
    this.outdated.set(outdated);
  }

  #begin(): { name: string; address: TypedAddress } {
    const node = this.node();
    return node === undefined
      ? { name: this.#suggestion(), address: { host: '', port: String(DEFAULT_NODE_PORT) } }
      : typedOf(node);
  }

  #suggestion(): string {
    return suggestName(this.#taken.names(), Math.random);
  }
}
