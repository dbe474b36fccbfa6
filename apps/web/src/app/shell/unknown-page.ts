import { Component } from '@angular/core';
import { RouterLink } from '@angular/router';

/** An address that leads nowhere. */
@Component({
  selector: 'app-unknown-page',
  imports: [RouterLink],
  template: `
    <header class="page-head"><h1>There is nothing here</h1></header>
    <p>The address does not belong to any page of this console. <a routerLink="/nodes">Go to the nodes</a></p>
  `,
})
export class UnknownPage {}
