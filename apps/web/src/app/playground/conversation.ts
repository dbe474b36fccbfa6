import { inject, Service, signal } from '@angular/core';
import { type PlaygroundStep, routes, type Said } from '@muster/contracts';
import { Api } from '../api/api.js';

type Routed = Extract<PlaygroundStep, { step: 'routed' }>;
type Done = Extract<PlaygroundStep, { step: 'done' }>;

/** One answer, as far as it has come. */
export interface Answer {
  readonly state: 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';
  readonly text: string;
  readonly routed?: Routed;
  readonly done?: Done;
  /** Why it failed. */
  readonly words?: string;
}

export interface Turn {
  readonly question: string;
  readonly answer: Answer;
}

export interface Wish {
  readonly model: string;
  readonly system: string;
  readonly temperature: number | undefined;
  readonly maxTokens: number | undefined;
}

/** The answer after one more step. */
export function after(answer: Answer, step: PlaygroundStep): Answer {
  switch (step.step) {
    case 'routed':
      return { ...answer, state: 'streaming', routed: step };
    case 'text':
      return { ...answer, state: 'streaming', text: answer.text + step.text };
    case 'done':
      return { ...answer, state: 'done', done: step };
    case 'failed':
      return { ...answer, state: 'failed', words: step.words };
  }
}

/** Tokens a second from the first piece of text to the end. Undefined when there is too little to say. */
export function speedOf({ tokensOut, firstTokenMs, totalMs }: Done): number | undefined {
  if (tokensOut === undefined || firstTokenMs === undefined || tokensOut < 2 || totalMs <= firstTokenMs)
    return undefined;
  return ((tokensOut - 1) / (totalMs - firstTokenMs)) * 1_000;
}

/** Why the router chose this executor, from what it had to choose from. */
export function whyOf({ nodeName, executorId, queueMs, choices }: Routed): string {
  if (queueMs >= 1) return `It waited ${Math.round(queueMs)} ms for a free slot, and this was the first.`;
  const [only] = choices;
  if (choices.length === 1 && only !== undefined) return 'The only executor that serves this model.';
  const own = choices.find((choice) => choice.nodeName === nodeName && choice.executorId === executorId);
  if (own === undefined) return 'It came online for this request.';
  const load = own.inFlight / Math.max(1, own.slots);
  const least = Math.min(...choices.map(({ inFlight, slots }) => inFlight / Math.max(1, slots)));
  const many = `${choices.length} executors`;
  return load <= least
    ? `The least busy of ${many}: ${own.inFlight} of ${own.slots} slots in use.`
    : `Of ${many} the one that had a request with the same beginning before, and is hardly busier than the others.`;
}

/** What was asked and answered in this visit. Nothing of it is kept anywhere. */
@Service({ autoProvided: false })
export class Conversation {
  readonly #api = inject(Api);
  readonly #turns = signal<readonly Turn[]>([]);
  readonly turns = this.#turns.asReadonly();
  readonly #busy = signal(false);
  readonly busy = this.#busy.asReadonly();
  #ended: AbortController | undefined;

  /** What would be sent with this question: all that was said before, and answered. */
  messages(system: string, question: string): Said[] {
    const before = this.#turns()
      .filter(({ answer }) => answer.text !== '')
      .flatMap(({ question: asked, answer }): Said[] => [
        { role: 'user', content: asked },
        { role: 'assistant', content: answer.text },
      ]);
    return [
      ...(system.trim() === '' ? [] : [{ role: 'system' as const, content: system }]),
      // As many as the Gateway takes: the oldest are left out.
      ...before.slice(-60),
      { role: 'user', content: question },
    ];
  }

  async ask({ model, system, temperature, maxTokens }: Wish, question: string): Promise<void> {
    if (this.#busy()) return;
    const ended = (this.#ended = new AbortController());
    const body = {
      model,
      messages: this.messages(system, question),
      ...(temperature !== undefined && { temperature }),
      ...(maxTokens !== undefined && { maxTokens }),
    };
    this.#busy.set(true);
    this.#turns.update((turns) => [...turns, { question, answer: { state: 'waiting', text: '' } }]);
    for await (const step of this.#api.stream(routes.playgroundChat, { body, signal: ended.signal })) {
      if (ended.signal.aborted) break;
      this.#last((answer) =>
        step.ok ? after(answer, step.value) : { ...answer, state: 'failed', words: step.failure.words },
      );
    }
    this.#last((answer) => {
      if (answer.state === 'done' || answer.state === 'failed') return answer;
      return ended.signal.aborted
        ? { ...answer, state: 'stopped' }
        : { ...answer, state: 'failed', words: 'The answer broke off.' };
    });
    this.#busy.set(false);
  }

  stop(): void {
    this.#ended?.abort();
  }

  clear(): void {
    this.stop();
    this.#turns.set([]);
  }

  #last(change: (answer: Answer) => Answer): void {
    this.#turns.update((turns) =>
      turns.map((turn, index) => (index === turns.length - 1 ? { ...turn, answer: change(turn.answer) } : turn)),
    );
  }
}
