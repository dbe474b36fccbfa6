import { Component, inject } from '@angular/core';
import { RouterOutlet } from '@angular/router';
import { Session } from './session/session.js';
import { ThemeChoice } from './shell/theme.js';

@Component({
  selector: 'app-root',
  imports: [RouterOutlet],
  template: `
    @if (session.state().state === 'unreachable') {
      <main class="unreachable">
        <h1>The Gateway does not answer</h1>
        <p role="status">This page asks again every two seconds and goes on by itself.</p>
      </main>
    }
    <router-outlet />
  `,
  styles: `
    .unreachable {
      display: grid;
      gap: 6px;
      place-content: center;
      justify-items: center;
      min-height: 100dvh;
      padding: 24px;
      text-align: center;
      color: var(--ink-2);
    }
  `,
})
export class App {
  protected readonly session = inject(Session);

  constructor() {
    inject(ThemeChoice);
  }
}
