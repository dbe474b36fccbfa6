import { Component, computed, input, model } from '@angular/core';
import { type Permission, permissions, type Preset, presetOf, presets } from '@muster/contracts';
import { presetTitles } from '../account-words.js';

/** What an account may do: one of the types to begin with, and each permission on its own. */
@Component({
  selector: 'app-permission-choice',
  template: `
    <div class="types" role="group" aria-label="Begin with">
      @for (preset of offered(); track preset) {
        <button
          type="button"
          class="toggle"
          [attr.aria-pressed]="chosen() === preset"
          (click)="selected.set([...presets[preset]])"
        >
          {{ titles[preset] }}
        </button>
      }
    </div>
    <fieldset>
      <legend class="unseen">Permissions</legend>
      @for (permission of choosable(); track permission) {
        <label>
          <input
            type="checkbox"
            [checked]="selected().includes(permission)"
            [disabled]="fixed().includes(permission)"
            (change)="toggle(permission)"
          />
          <span
            >{{ words[permission] }} <span class="mono sub">{{ permission }}</span></span
          >
        </label>
      }
    </fieldset>
  `,
  styles: `
    :host {
      display: grid;
      gap: 10px;
    }
    .types {
      display: flex;
      gap: 8px;
    }
    fieldset {
      display: grid;
      gap: 8px;
      margin: 0;
      padding: 0;
      border: 0;
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
export class PermissionChoice {
  /** What there is to choose from. */
  readonly choosable = input.required<readonly Permission[]>();
  /** What can not be taken away or given here. */
  readonly fixed = input<readonly Permission[]>([]);
  readonly selected = model.required<readonly Permission[]>();

  protected readonly presets: Record<Preset, readonly Permission[]> = presets;
  protected readonly titles = presetTitles;
  protected readonly words = permissions;
  protected readonly chosen = computed(() => presetOf(this.selected()));
  protected readonly offered = computed(() =>
    (Object.keys(presets) as Preset[]).filter((preset) => {
      const wanted: readonly Permission[] = presets[preset];
      return (
        wanted.every((permission) => this.choosable().includes(permission)) &&
        this.fixed().every((permission) => wanted.includes(permission) === this.selected().includes(permission))
      );
    }),
  );

  protected toggle(permission: Permission): void {
    this.selected.update((selected) =>
      selected.includes(permission) ? selected.filter((other) => other !== permission) : [...selected, permission],
    );
  }
}
