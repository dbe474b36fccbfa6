import { Component, computed, inject, input } from '@angular/core';
import type { GatewayView } from '@muster/contracts';
import { Clock } from '../live/clock.js';
import { moment, uptime } from '../ui/format.js';

/** The Gateway itself, beside its nodes. */
@Component({
  selector: 'app-gateway-panel',
  host: { class: 'card' },
  template: `
    <h2>Gateway</h2>
    <dl>
      <div>
        <dd class="num">{{ up() }}</dd>
        <dt class="num">Uptime · since {{ since() }}</dt>
      </div>
    </dl>
    <p class="sub">Muster {{ gateway().version }}</p>
  `,
  styles: `
    :host {
      display: grid;
      gap: 10px;
      padding: 16px 18px;
    }
    dl div {
      display: flex;
      flex-direction: column;
    }
    dd {
      font-size: 25px;
      font-weight: 620;
      letter-spacing: -0.02em;
      line-height: 1.3;
    }
    dt {
      color: var(--ink-2);
      font-size: 12.5px;
    }
  `,
})
export class GatewayPanel {
  readonly #clock = inject(Clock);
  readonly gateway = input.required<GatewayView>();
  protected readonly up = computed(() => uptime(this.#clock.now() - Date.parse(this.gateway().startedAt)));
  protected readonly since = computed(() => moment(this.gateway().startedAt, this.#clock.now()));
}
