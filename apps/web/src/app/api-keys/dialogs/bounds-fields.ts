import { Component, input } from '@angular/core';
import type { FieldTree } from '@angular/forms/signals';
import { Field } from '../../ui/field.js';
import type { TypedBounds } from '../key-bounds.js';

/** What can be changed of a key: its name, and what bounds it. */
@Component({
  selector: 'app-bounds-fields',
  imports: [Field],
  template: `
    <app-field name="key-name" label="Name" hint="What it is used for, as in Search index." [of]="of().name" />
    <app-field
      name="key-models"
      label="Models"
      hint="The names that requests use, with commas between. Empty: all."
      [of]="of().models"
    />
    <app-field
      name="key-expires"
      label="Expires"
      type="date"
      hint="It works to the end of this day. Empty: never expires."
      [of]="of().expires"
    />
    <fieldset>
      <legend>Limits of inference <span class="sub">empty: none</span></legend>
      <app-field name="key-concurrent" label="At a time" inputmode="numeric" [of]="of().concurrent" />
      <app-field name="key-requests" label="Requests a minute" inputmode="numeric" [of]="of().requestsPerMinute" />
      <app-field name="key-tokens" label="Tokens a minute" inputmode="numeric" [of]="of().tokensPerMinute" />
    </fieldset>
  `,
  styles: `
    :host {
      display: grid;
      gap: 14px;
    }
    fieldset {
      display: grid;
      grid-template-columns: repeat(auto-fit, minmax(140px, 1fr));
      gap: 12px;
      margin: 0;
      padding: 0;
      border: 0;
    }
    legend {
      padding: 0 0 8px;
      font-weight: 550;
    }
  `,
})
export class BoundsFields {
  readonly of = input.required<FieldTree<TypedBounds>>();
}
