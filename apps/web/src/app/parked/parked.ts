import { Component, computed, inject, signal } from '@angular/core';
import { type ParkedStream, readableText, type Retried } from '@muster/contracts';
import { Clock } from '../live/clock.js';
import { lastOf } from '../live/remote.js';
import { Session } from '../session/session.js';
import { moment } from '../ui/format.js';
import { heldWords, outcomeWords, projectionWords, silentWords } from './parked-words.js';
import { ParkedStore } from './parked-store.js';

const keyOf = ({ service, projection, stream }: ParkedStream): string => `${service} ${projection} ${stream}`;

/** The streams of facts that wait because one of them could not be taken in, with the reason and a retry. */
@Component({
  selector: 'app-parked',
  providers: [ParkedStore],
  templateUrl: './parked.html',
  styleUrl: './parked.css',
})
export class Parked {
  readonly #session = inject(Session);
  readonly #clock = inject(Clock);
  protected readonly store = inject(ParkedStore);

  protected readonly may = computed(() => this.#session.may('settings:manage'));
  protected readonly view = computed(() => lastOf(this.store.view()));
  protected readonly lines = computed(() =>
    this.view()?.parked.map((parked) => ({
      parked,
      key: keyOf(parked),
      what: projectionWords(parked),
      reason: readableText(parked.reason),
      since: moment(parked.since, this.#clock.now()),
      tried: moment(parked.triedAt, this.#clock.now()),
      raw: parked.raw.split('\n').map(readableText).join('\n'),
    })),
  );
  protected readonly givenUp = computed(() =>
    this.view()?.givenUp.map((letter) => ({
      ...letter,
      reason: readableText(letter.reason),
      subject: readableText(letter.subject),
      at: moment(letter.at, this.#clock.now()),
      raw: readableText(letter.raw),
    })),
  );
  protected readonly held = computed(() => (this.view()?.stores ?? []).flatMap(heldWords));
  protected readonly silent = computed(() => {
    const view = this.view();
    return view === undefined ? undefined : silentWords(view.stores);
  });
  protected readonly trying = signal<string | undefined>(undefined);
  protected readonly said = signal<{ readonly words: string; readonly bad: boolean } | undefined>(undefined);

  protected async retry(parked: ParkedStream): Promise<void> {
    if (this.trying() !== undefined) return;
    this.trying.set(keyOf(parked));
    const answer = await this.store.retry(parked);
    this.trying.set(undefined);
    this.said.set(answer.ok ? sayOf(parked, answer.value) : { words: answer.failure.words, bad: true });
  }
}

const sayOf = (parked: ParkedStream, retried: Retried) => ({
  words: outcomeWords(parked, retried),
  bad: retried.outcome === 'still-parked',
});
