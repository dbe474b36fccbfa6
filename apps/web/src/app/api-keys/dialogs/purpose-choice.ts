import { Component, input, model } from '@angular/core';
import { type KeyPermission, keyPermissions } from '@muster/contracts';

/** What a key may be used for. */
@Component({
  selector: 'app-purpose-choice',
  template: `
    <fieldset>
      <legend>May be used to</legend>
      @for (each of choosable(); track each) {
        <label>
          <input type="checkbox" [checked]="selected().includes(each)" (change)="toggle(each)" />
          <span
            >{{ words[each] }} <span class="mono sub">{{ each }}</span></span
          >
        </label>
      }
    </fieldset>
  `,
  styles: `
    fieldset {
      display: grid;
      gap: 8px;
      margin: 0;
      padding: 0;
      border: 0;
    }
    legend {
      padding: 0 0 8px;
      font-weight: 550;
    }
    label {
      display: flex;
      gap: 9px;
      align-items: baseline;
    }
    input {
      accent-color: var(--accent);
      margin: 0;
      translate: 0 1px;
    }
  `,
})
export class PurposeChoice {
  readonly choosable = input.required<readonly KeyPermission[]>();
  readonly selected = model.required<readonly KeyPermission[]>();
  protected readonly words = keyPermissions;

  protected toggle(permission: KeyPermission): void {
    this.selected.update((selected) =>
      selected.includes(permission) ? selected.filter((other) => other !== permission) : [...selected, permission],
    );
  }
}
