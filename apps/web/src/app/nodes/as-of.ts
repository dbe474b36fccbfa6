import { Component, computed, inject, input, signal } from '@angular/core';
import { Router, RouterLink } from '@angular/router';
import { Clock } from '../live/clock.js';
import { clockTime, day } from '../ui/format.js';

/** Two digits of a field for a time. */
const two = (number: number): string => String(number).padStart(2, '0');

/** A moment as a field for local times has it. */
function localOf(ms: number): string {
  const at = new Date(ms);
  const date = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  return `${date}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** Chooses the time that the page of the nodes shows, and says in plain sight when that is the past. */
@Component({
  selector: 'app-as-of',
  imports: [RouterLink],
  template: `
    @if (at(); as time) {
      <p class="banner past" role="status">
        <span class="grow"
          ><b>The past.</b> The fleet as it was known on {{ words() }}. Nothing here can be changed.</span
        >
        <button type="button" (click)="choosing.set(!choosing())" [attr.aria-expanded]="choosing()">
          Another time
        </button>
        <a class="button primary" routerLink="/nodes">Back to now</a>
      </p>
    }
    @if (choosing()) {
      <form class="choose" (submit)="$event.preventDefault(); show(time.value)">
        <label for="as-of-time">Show the fleet as of</label>
        <input
          id="as-of-time"
          type="datetime-local"
          step="1"
          required
          [value]="start()"
          [max]="latest()"
          aria-describedby="as-of-words"
          #time
        />
        <button type="submit" class="primary">Show</button>
        <button type="button" class="ghost" (click)="choosing.set(false)">Cancel</button>
        <span id="as-of-words" class="wrong" aria-live="polite">{{ problem() }}</span>
      </form>
    }
  `,
  styles: `
    .past {
      border-left-color: var(--accent);
      align-items: center;
      flex-wrap: wrap;
    }
    .choose {
      display: flex;
      flex-wrap: wrap;
      gap: 8px 12px;
      align-items: center;
      margin-bottom: 16px;
    }
  `,
})
export class AsOf {
  /** The time that is shown, as in the address of the page; undefined for now. */
  readonly at = input.required<string | undefined>();

  readonly #router = inject(Router);
  readonly #clock = inject(Clock);
  readonly choosing = signal(false);
  protected readonly problem = signal('');
  protected readonly start = computed(() => localOf(Date.parse(this.at() ?? '') || this.#minute() - 3_600_000));
  protected readonly latest = computed(() => localOf(this.#minute() + 60_000));
  /** The field is not changed under the hands of whoever fills it in, so it looks at the clock rarely. */
  readonly #minute = computed(() => Math.floor(this.#clock.now() / 60_000) * 60_000);
  protected readonly words = computed(() => {
    const at = this.at() ?? '';
    return `${day(at, this.#clock.now())}, ${clockTime(at)}`;
  });

  protected show(local: string): void {
    const ms = Date.parse(local);
    if (Number.isNaN(ms)) {
      this.problem.set('Enter a day and a time');
    } else if (ms > this.#clock.now()) {
      this.problem.set('That time is still to come');
    } else {
      this.problem.set('');
      this.choosing.set(false);
      void this.#router.navigate(['/nodes'], { queryParams: { at: new Date(ms).toISOString() } });
    }
  }
}
