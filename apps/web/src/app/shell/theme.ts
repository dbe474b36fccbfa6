import { DOCUMENT, effect, inject, Service, signal } from '@angular/core';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const STORED = 'muster.theme';
const isTheme = (text: unknown): text is Theme => themes.some((theme) => theme === text);

/** Light or dark: as the system says, unless a person said otherwise, which this browser remembers. */
@Service()
export class ThemeChoice {
  readonly #storage = inject(DOCUMENT).defaultView?.localStorage;
  readonly #theme = signal(this.#remembered());
  readonly theme = this.#theme.asReadonly();

  constructor() {
    const root = inject(DOCUMENT).documentElement;
    effect(() => {
      const theme = this.#theme();
      if (theme === 'system') delete root.dataset['theme'];
      else root.dataset['theme'] = theme;
    });
  }

  choose(theme: Theme): void {
    this.#theme.set(theme);
    try {
      this.#storage?.setItem(STORED, theme);
    } catch {
      // A browser that keeps nothing forgets the choice with the page.
    }
  }

  #remembered(): Theme {
    try {
      const stored = this.#storage?.getItem(STORED);
      return isTheme(stored) ? stored : 'system';
    } catch {
      return 'system';
    }
  }
}
