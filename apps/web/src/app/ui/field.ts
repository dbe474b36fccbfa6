import { Component, computed, input } from '@angular/core';
import { FormField, type FieldTree } from '@angular/forms/signals';

/** One line of a form: label, text input, and what is wrong with it once it was touched. */
@Component({
  selector: 'app-field',
  imports: [FormField],
  template: `
    @let field = of();
    <label [for]="name()">{{ label() }}</label>
    <div class="line">
      <input
        [id]="name()"
        [formField]="field"
        [type]="type()"
        [attr.autocomplete]="autocomplete()"
        [attr.inputmode]="inputmode()"
        [attr.aria-invalid]="problem() !== undefined"
        [attr.aria-describedby]="name() + '-words'"
        spellcheck="false"
        autocapitalize="none"
      />
      <ng-content />
    </div>
    <p [id]="name() + '-words'" [class]="problem() ? 'wrong' : 'sub'" aria-live="polite">{{ problem() ?? hint() }}</p>
  `,
  host: { class: 'field' },
  styles: `
    .line {
      display: flex;
      gap: 8px;
    }
    p:empty {
      display: none;
    }
  `,
})
export class Field {
  readonly of = input.required<FieldTree<string>>();
  /** Names the input among all of the page. */
  readonly name = input.required<string>();
  readonly label = input.required<string>();
  readonly hint = input('');
  readonly type = input<'text' | 'password' | 'date'>('text');
  readonly autocomplete = input('off');
  readonly inputmode = input<string>();

  protected readonly problem = computed(() => {
    const state = this.of()();
    return state.touched() ? state.errors()[0]?.message : undefined;
  });
}
