import { Component, computed, input } from '@angular/core';
import { count, memory } from '../../ui/format.js';
import type { Verified } from './verification.js';

/** What answered at the address: the machine, and the certificate that a person is asked to compare. */
@Component({
  selector: 'app-found-node',
  template: `
    <dl>
      <dt>Machine</dt>
      <dd>{{ machine() }}</dd>
      <dt>GPU</dt>
      <dd>{{ gpus() }}</dd>
      <dt>Version</dt>
      <dd>{{ found().version }}</dd>
    </dl>
    <div class="seal">
      <p>Certificate fingerprint (SHA-256)</p>
      <p class="mono" data-fingerprint>{{ found().certificate.fingerprint }}</p>
      <p class="sub">
        The node shows the same at its start. From now on Muster accepts no other certificate from this node.
      </p>
    </div>
  `,
  styles: `
    :host {
      display: grid;
      gap: 14px;
    }
    dl {
      display: grid;
      grid-template-columns: 84px minmax(0, 1fr);
      gap: 7px 12px;
    }
    dt {
      color: var(--ink-3);
    }
    dd {
      overflow-wrap: anywhere;
    }
    .seal {
      display: grid;
      gap: 6px;
      padding: 12px 14px;
      border: 1px solid var(--line);
      border-radius: 8px;
      background: var(--bg);
    }
    .mono {
      overflow-wrap: anywhere;
      line-height: 1.7;
    }
  `,
})
export class FoundNode {
  readonly found = input.required<Verified>();
  protected readonly machine = computed(() => {
    const { hostname, cpu, memoryTotalBytes } = this.found().hardware;
    return `${hostname} · ${cpu.model}, ${count(cpu.cores, 'core')} · ${memory(memoryTotalBytes)} RAM`;
  });
  protected readonly gpus = computed(() => {
    const { gpus } = this.found().hardware;
    return gpus.length === 0 ? 'None' : gpus.map(({ name }) => name).join(', ');
  });
}
