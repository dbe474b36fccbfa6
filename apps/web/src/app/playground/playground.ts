import { Component, computed, DestroyRef, inject, linkedSignal, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { Fleet } from '../live/fleet.js';
import { Session } from '../session/session.js';
import { CopyButton } from '../ui/copy-button.js';
import { Conversation, speedOf, whyOf } from './conversation.js';
import { snippets } from './snippets.js';

const numberIn = (text: string): number | undefined => {
  const number = Number(text);
  return text.trim() === '' || Number.isNaN(number) ? undefined : number;
};

/** Tries a model as an application would: the answer as it streams, how fast, from which node and why. */
@Component({
  selector: 'app-playground',
  imports: [CopyButton, RouterLink],
  providers: [Conversation],
  templateUrl: './playground.html',
  styleUrl: './playground.css',
})
export class Playground {
  readonly #fleet = inject(Fleet);
  readonly #session = inject(Session);
  protected readonly conversation = inject(Conversation);

  protected readonly may = computed(() => this.#session.may('playground:use'));
  /** Every chat model that is online somewhere. */
  protected readonly models = computed(() => {
    const online = [...(this.#fleet.last()?.nodes.values() ?? [])]
      .flatMap(({ executors }) => executors)
      .filter(({ state, kind }) => state === 'online' && kind === 'chat');
    return [...new Set(online.map(({ model }) => model))].sort((a, b) => a.localeCompare(b));
  });
  protected readonly isKnown = computed(() => this.#fleet.last() !== undefined);
  /** The one that was chosen, for as long as it is there. */
  protected readonly model = linkedSignal<readonly string[], string>({
    source: this.models,
    computation: (models, before) =>
      before !== undefined && models.includes(before.value) ? before.value : (models[0] ?? ''),
  });
  protected readonly system = signal('');
  protected readonly question = signal('');
  protected readonly temperature = signal('');
  protected readonly maxTokens = signal('');
  protected readonly snippet = signal<(typeof snippets)[number]>(snippets[0]);
  protected readonly snippets = snippets;
  protected readonly speedOf = speedOf;
  protected readonly whyOf = whyOf;
  protected readonly round = Math.round;

  readonly #wish = computed(() => ({
    model: this.model(),
    system: this.system(),
    temperature: numberIn(this.temperature()),
    maxTokens: numberIn(this.maxTokens()),
  }));
  protected readonly canSend = computed(
    () => this.model() !== '' && this.question().trim() !== '' && !this.conversation.busy(),
  );
  protected readonly code = computed(() => {
    const { model, system, temperature, maxTokens } = this.#wish();
    return this.snippet().write({
      apiUrl: this.#fleet.last()?.gateway.apiUrl ?? 'https://muster.example/v1',
      model,
      messages: this.conversation.messages(system, this.question().trim() || 'Hello'),
      ...(temperature !== undefined && { temperature }),
      ...(maxTokens !== undefined && { maxTokens }),
    });
  });

  constructor() {
    // Whoever leaves the page does not wait for the answer: its slot is free for others.
    inject(DestroyRef).onDestroy(() => this.conversation.stop());
  }

  protected send(): void {
    if (!this.canSend()) return;
    const question = this.question().trim();
    this.question.set('');
    void this.conversation.ask(this.#wish(), question);
  }

  /** Enter sends; with Shift it is a new line. */
  protected typed(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.send();
  }
}
