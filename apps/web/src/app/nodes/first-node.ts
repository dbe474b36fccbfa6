import { Component, computed, inject, input } from '@angular/core';
import type { GatewayView } from '@muster/contracts';
import { Clock } from '../live/clock.js';
import { span } from '../ui/format.js';
import { StatusDot } from '../ui/status-dot.js';
import { JoinLine } from './join-line.js';

/** The list before there is anything in it: what is happening, and what a person can do. */
@Component({
  selector: 'app-first-node',
  imports: [JoinLine, StatusDot],
  host: { class: 'card' },
  template: `
    <h2>Bring in your first node</h2>
    <p class="lead">
      @if (gateway().lookingAt) {
        Muster is looking on this machine. To add another one, start the node service there.
      } @else {
        Start the node service on a machine that serves models, then add it here.
      }
    </p>
    <ul>
      <li class="check">
        <app-status-dot colour="green" /><span>Gateway running</span><span class="sub num">for {{ up() }}</span>
      </li>
      @if (gateway().lookingAt; as address) {
        <li class="check">
          <app-status-dot colour="amber" />
          <span
            >Looking for a node at <span class="mono">{{ address }}</span><br /><span class="sub"
              >Nobody answers there yet. Muster tries about every ten seconds.</span
            ></span
          >
        </li>
      }
      <li class="check">
        <app-status-dot colour="grey" />
        <span
          >Start a node elsewhere
          <app-join-line />
        </span>
      </li>
    </ul>
  `,
  styles: `
    :host {
      display: block;
      max-width: 760px;
      padding: 26px 28px 14px;
    }
    h2 {
      font-size: 18px;
      font-weight: 640;
      letter-spacing: -0.01em;
    }
    .lead {
      color: var(--ink-2);
      margin: 6px 0 18px;
    }
    .check {
      padding-inline: 0;
    }
    app-status-dot {
      justify-self: center;
    }
  `,
})
export class FirstNode {
  readonly #clock = inject(Clock);
  readonly gateway = input.required<GatewayView>();
  protected readonly up = computed(() => span(this.#clock.now() - Date.parse(this.gateway().startedAt)));
}
