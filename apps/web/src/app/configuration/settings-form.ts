import { Component, computed, effect, HostListener, inject, signal, untracked } from '@angular/core';
import { form, FormField, FormRoot, type SchemaPath, validate, type ValidationError } from '@angular/forms/signals';
import { lastOf } from '../live/remote.js';
import { Field } from '../ui/field.js';
import { changesIn, emptyForm, fieldOf, type FormValues, formOf, problemsIn } from './form-values.js';
import { type Settings, SettingsStore } from './settings-store.js';

/** Everything that is set by filling in, with one button for all of it. Others change it too: nobody's change is lost unseen. */
@Component({
  selector: 'app-settings-form',
  imports: [Field, FormField, FormRoot],
  templateUrl: './settings-form.html',
  styleUrl: './settings-form.css',
})
export class SettingsForm {
  readonly #store = inject(SettingsStore);
  #commandId = crypto.randomUUID();

  /** The settings that the fields were filled from: what is saved is decided on them. */
  readonly #base = signal<Settings | undefined>(undefined);
  readonly #values = signal<FormValues>(emptyForm);
  protected readonly ready = computed(() => this.#base() !== undefined);
  protected readonly problem = signal<string | undefined>(undefined);
  protected readonly done = signal<string | undefined>(undefined);
  /** Somebody else has changed what stands here since it was filled in, and something was typed meanwhile. */
  protected readonly outdated = signal(false);
  readonly #problems = computed(() => problemsIn(this.#values()));
  readonly #changes = computed(() => {
    const base = this.#base();
    return base === undefined ? {} : changesIn(this.#values(), base);
  });
  /** Whether anything differs from what was read. */
  readonly unsaved = computed(() => Object.keys(this.#changes()).length > 0);

  protected readonly form = form(
    this.#values,
    (path) => {
      const names: readonly (keyof FormValues)[] = Object.keys(emptyForm) as (keyof FormValues)[];
      for (const name of names)
        validate(path[name] as SchemaPath<string | boolean>, () => {
          const message = this.#problems()[name];
          return message === undefined ? undefined : { kind: 'rule', message };
        });
    },
    { submission: { action: () => this.#save() } },
  );
  protected readonly originsProblem = computed(() => {
    const state = this.form.origins();
    return state.touched() ? state.errors()[0]?.message : undefined;
  });

  constructor() {
    effect(() => {
      const settings = lastOf(this.#store.view());
      if (settings !== undefined) untracked(() => this.#learn(settings));
    });
  }

  /** What the server has: shown at once, unless that would take away what somebody is typing. */
  #learn(settings: Settings): void {
    const base = this.#base();
    const others = base === undefined || Object.keys(changesIn(formOf(settings), base)).length > 0;
    if (!others) this.#base.set(settings);
    else if (base === undefined || !this.unsaved()) this.#fill(settings);
    else this.outdated.set(true);
  }

  #fill(settings: Settings): void {
    this.#base.set(settings);
    this.#values.set(formOf(settings));
    this.form().reset();
    this.outdated.set(false);
    this.problem.set(undefined);
    this.#commandId = crypto.randomUUID();
  }

  async #save(): Promise<ValidationError.WithOptionalFieldTree[] | undefined> {
    const base = this.#base();
    const changes = this.#changes();
    if (base === undefined || Object.keys(changes).length === 0) return undefined;
    this.done.set(undefined);
    const answer = await this.#store.change(changes, base.version, this.#commandId);
    if (answer.ok) {
      const settings = lastOf(this.#store.view());
      if (settings !== undefined) this.#fill(settings);
      this.done.set('Saved. It holds from now on.');
      return undefined;
    }
    // A refused order is over; the next one is another. One without an answer may have worked, and keeps its id.
    if (answer.failure.code !== 'outage') this.#commandId = crypto.randomUUID();
    this.outdated.set(answer.failure.code === 'version-conflict');
    const errors: ValidationError.WithOptionalFieldTree[] = answer.failure.fields.flatMap(({ field, words }) => {
      const name = fieldOf(field);
      return name === undefined ? [] : [{ kind: 'refused', message: words, fieldTree: this.form[name] }];
    });
    this.problem.set(errors.length === 0 && !this.outdated() ? answer.failure.words : undefined);
    return errors;
  }

  /** Takes what somebody else made of the settings, in place of what was typed here. */
  protected async reload(): Promise<void> {
    const settings = await this.#store.read();
    if (settings !== undefined) this.#fill(settings);
  }

  protected discard(): void {
    const settings = lastOf(this.#store.view());
    if (settings !== undefined) this.#fill(settings);
  }

  /** The browser asks before it leaves the page with something unsaved. */
  @HostListener('window:beforeunload', ['$event'])
  protected keep(event: Event): void {
    if (this.unsaved()) event.preventDefault();
  }
}
