import { Component, input, model } from '@angular/core';

/** Some of several, each with its words. */
@Component({
  selector: 'app-choice',
  template: `
    <fieldset>
      <legend [class.unseen]="!showsLegend()">{{ legend() }}</legend>
      @for (each of choosable(); track each) {
        <label>
          <input
            type="checkbox"
            [checked]="selected().includes(each)"
            [disabled]="fixed().includes(each)"
            (change)="toggle(each)"
          />
          <span
            >{{ words()[each] }} <span class="mono sub">{{ each }}</span></span
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
    legend:not(.unseen) {
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
export class Choice<Option extends string> {
  readonly legend = input.required<string>();
  /** Whether the legend is seen, and not only heard. */
  readonly showsLegend = input(true);
  readonly choosable = input.required<readonly Option[]>();
  readonly words = input.required<Readonly<Record<Option, string>>>();
  /** What can not be taken away or given here. */
  readonly fixed = input<readonly Option[]>([]);
  readonly selected = model.required<readonly Option[]>();

  protected toggle(option: Option): void {
    this.selected.update((selected) =>
      selected.includes(option) ? selected.filter((other) => other !== option) : [...selected, option],
    );
  }
}
