import type { RegistryList } from '@muster/contracts';

/** Many changes within this time are told as one. */
const AT_MOST_EVERY_MS = 1_000;

/** Says which lists have changed: the first change at once, further ones together a second later. */
export class ListTeller {
  readonly #due = new Set<RegistryList>();
  readonly #resting = new Map<RegistryList, NodeJS.Timeout>();

  constructor(private readonly tell: (list: RegistryList) => void) {}

  changed(list: RegistryList): void {
    if (this.#resting.has(list)) {
      this.#due.add(list);
      return;
    }
    this.tell(list);
    this.#resting.set(
      list,
      setTimeout(() => {
        this.#resting.delete(list);
        if (this.#due.delete(list)) this.changed(list);
      }, AT_MOST_EVERY_MS).unref(),
    );
  }

  stop(): void {
    for (const timer of this.#resting.values()) clearTimeout(timer);
    this.#due.clear();
  }
}
