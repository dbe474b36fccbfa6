import { Component, computed, input, model } from '@angular/core';
import { type Permission, permissions, type Preset, presetOf, presets } from '@muster/contracts';
import { Choice } from '../../ui/choice.js';
import { presetTitles } from '../account-words.js';

/** What an account may do: one of the types to begin with, and each permission on its own. */
@Component({
  selector: 'app-permission-choice',
  imports: [Choice],
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
    <app-choice
      legend="Permissions"
      [showsLegend]="false"
      [choosable]="choosable()"
      [fixed]="fixed()"
      [words]="words"
      [(selected)]="selected"
    />
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
}
