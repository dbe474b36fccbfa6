import { afterNextRender, Directive, ElementRef, inject, input } from '@angular/core';

/** Takes the focus when it appears, so that a person at the keyboard or a screen reader is where the page moved on to. */
@Directive({ selector: '[appTakesFocus]' })
export class TakesFocus {
  readonly appTakesFocus = input<boolean | ''>('');

  constructor() {
    const host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
    afterNextRender(() => {
      if (this.appTakesFocus() !== false) host.focus();
    });
  }
}
