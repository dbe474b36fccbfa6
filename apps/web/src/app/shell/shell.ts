import { Component, effect, inject, signal } from '@angular/core';
import { Router, RouterLink, RouterLinkActive, RouterOutlet } from '@angular/router';
import { Connection } from '../live/connection.js';
import { Session } from '../session/session.js';
import { StatusAnnouncer } from './announcer.js';
import { Brand } from './brand.js';
import { LiveIndicator } from './live-indicator.js';
import { Notices } from './notices.js';
import { ThemeChoice, themes } from './theme.js';

/** The frame around every page for whoever is signed in. */
@Component({
  selector: 'app-shell',
  imports: [RouterOutlet, RouterLink, RouterLinkActive, Brand, LiveIndicator, Notices],
  templateUrl: './shell.html',
  styleUrl: './shell.css',
})
export class Shell {
  readonly #router = inject(Router);
  protected readonly session = inject(Session);
  protected readonly connection = inject(Connection);
  protected readonly theme = inject(ThemeChoice);
  protected readonly problem = signal<string | undefined>(undefined);

  constructor() {
    inject(StatusAnnouncer);
    effect(() => {
      const session = this.session.state();
      if (session.state !== 'signed-out') return;
      const next = session.why === undefined ? {} : { queryParams: { next: this.#router.url } };
      void this.#router.navigate(['/sign-in'], next);
    });
  }

  protected nextTheme(): void {
    const at = themes.indexOf(this.theme.theme());
    this.theme.choose(themes[(at + 1) % themes.length] ?? 'system');
  }

  protected async signOut(): Promise<void> {
    this.problem.set((await this.session.signOut())?.words);
  }
}
