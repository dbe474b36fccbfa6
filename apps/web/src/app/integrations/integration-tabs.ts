import { Component } from '@angular/core';
import { RouterLink, RouterLinkActive } from '@angular/router';

/** The two ways for facts to come out: outsiders who read them, and addresses that they are sent to. */
@Component({
  selector: 'app-integration-tabs',
  imports: [RouterLink, RouterLinkActive],
  template: `
    <nav class="tabs" aria-label="Ways for facts to come out">
      <a
        routerLink="/integrations"
        routerLinkActive
        [routerLinkActiveOptions]="{ exact: true }"
        ariaCurrentWhenActive="page"
        >Credentials</a
      >
      <a routerLink="/integrations/webhooks" routerLinkActive ariaCurrentWhenActive="page">Webhooks</a>
    </nav>
  `,
})
export class IntegrationTabs {}
