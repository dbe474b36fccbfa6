import { Component, input } from '@angular/core';
import { type FieldTree, FormField, type SchemaPathTree, validate } from '@angular/forms/signals';
import { ReadFrom } from '@muster/contracts';
import { Field } from '../../ui/field.js';
import { problemWith } from '../../ui/rules.js';

/** From where facts are sent, as it is chosen. */
export interface TypedBeginning {
  begin: string;
  /** Counts when `begin` is `position`. */
  position: string;
}

/** The same as the server has it: `now`, `0` for the oldest that is kept, or a position. */
export const beginningOf = ({ begin, position }: TypedBeginning): string =>
  begin === 'position' ? position.trim() : begin === 'start' ? '0' : 'now';

export function beginningRules(path: SchemaPathTree<TypedBeginning>): void {
  validate(path.position, ({ value, valueOf }) => {
    if (valueOf(path.begin) !== 'position') return undefined;
    const message = problemWith(ReadFrom, value().trim());
    return message === undefined ? undefined : { kind: 'rule', message };
  });
}

/** From where facts are sent: from the beginning, from now on, or behind a position. */
@Component({
  selector: 'app-beginning',
  imports: [Field, FormField],
  template: `
    @let fields = of();
    <div class="field">
      <label for="begin">Begin</label>
      <select id="begin" [formField]="fields.begin">
        <option value="now">With what comes from now on</option>
        <option value="start">With the oldest fact that is kept</option>
        <option value="position">Behind a position</option>
      </select>
    </div>
    @if (fields.begin().value() === 'position') {
      <app-field
        name="position"
        label="Position"
        hint="As it stands beside a delivery, as in F17.H120: what comes behind it is sent."
        [of]="fields.position"
      />
    }
  `,
  styles: `
    :host {
      display: grid;
      gap: 14px;
    }
  `,
})
export class Beginning {
  readonly of = input.required<FieldTree<TypedBeginning>>();
}
