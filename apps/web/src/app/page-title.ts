import { inject, Service } from '@angular/core';
import { Title } from '@angular/platform-browser';
import { TitleStrategy, type RouterStateSnapshot } from '@angular/router';

/** "Nodes · Muster": the page first, since tabs are cut off on the right. */
@Service()
export class PageTitle extends TitleStrategy {
  readonly #title = inject(Title);

  override updateTitle(snapshot: RouterStateSnapshot): void {
    this.show(this.buildTitle(snapshot));
  }

  /** For a page whose name comes with its data. */
  show(page: string | undefined): void {
    this.#title.setTitle(page === undefined ? 'Muster' : `${page} · Muster`);
  }
}
