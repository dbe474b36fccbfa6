import { Directive, DOCUMENT, ElementRef, inject } from '@angular/core';

const WRITABLE = 'input, textarea, select, [contenteditable="true"]';

/** "/" moves the focus here, unless a person is writing or a dialog is open. */
@Directive({ selector: 'input[appSlash]', host: { '(document:keydown)': 'onKey($event)', 'aria-keyshortcuts': '/' } })
export class Slash {
  readonly #host = inject<ElementRef<HTMLInputElement>>(ElementRef).nativeElement;
  readonly #document = inject(DOCUMENT);

  protected onKey(event: KeyboardEvent): void {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target instanceof Element && event.target.closest(WRITABLE) !== null) return;
    if (this.#document.querySelector('[aria-modal="true"]') !== null) return;
    event.preventDefault();
    this.#host.focus();
    this.#host.select();
  }
}
