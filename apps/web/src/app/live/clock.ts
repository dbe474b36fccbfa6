import { DestroyRef, DOCUMENT, inject, Service, signal } from '@angular/core';

/** Less than this the two clocks count as equal: an HTTP date has whole seconds, and answers take a while. */
const SKEW_WORTH_MENDING_MS = 2_000;

/** The server's time, ticking once a second while the page can be seen. */
@Service()
export class Clock {
  readonly #now = signal(Date.now());
  readonly #visible = signal(true);
  #skewMs = 0;

  /** Milliseconds since 1970 by the server's clock as far as it is known. */
  readonly now = this.#now.asReadonly();
  /** Whether anybody can see the page. */
  readonly visible = this.#visible.asReadonly();

  constructor() {
    const document = inject(DOCUMENT);
    const tick = (): void => this.#now.set(Date.now() + this.#skewMs);
    let timer: ReturnType<typeof setInterval> | undefined;
    const follow = (): void => {
      clearInterval(timer);
      const visible = document.visibilityState !== 'hidden';
      this.#visible.set(visible);
      if (!visible) return;
      tick();
      timer = setInterval(tick, 1_000);
    };
    follow();
    document.addEventListener('visibilitychange', follow);
    inject(DestroyRef).onDestroy(() => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', follow);
    });
  }

  /** Takes the server's time from the `date` header of an answer, so that "for 2 min" is right on a computer whose clock is not. */
  learn(date: string | null): void {
    const serverMs = date === null ? NaN : Date.parse(date);
    if (Number.isNaN(serverMs)) return;
    const skewMs = serverMs + 500 - Date.now();
    this.#skewMs = Math.abs(skewMs) < SKEW_WORTH_MENDING_MS ? 0 : skewMs;
  }
}
