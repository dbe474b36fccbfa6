import { Component, computed, inject, input } from '@angular/core';
import { type NodeView, showAddress } from '@muster/contracts';
import { Clock } from '../live/clock.js';
import { CopyButton } from '../ui/copy-button.js';
import { count, day, memory, moment, offsetWords, shortFingerprint } from '../ui/format.js';

/** What is known of a node, in words. What it does not tell is left out or said to be unknown, never 0. */
@Component({
  selector: 'app-node-facts',
  imports: [CopyButton],
  host: { class: 'card' },
  template: `
    <div class="card-head"><h2>Node</h2></div>
    <dl>
      <dt>Name</dt>
      <dd>{{ node().name }}</dd>
      <dt>Address</dt>
      <dd class="mono">{{ address() }}</dd>
      <dt>Activated</dt>
      <dd>
        {{ node().activated ? 'Yes' : 'No' }}
        <span class="sub">{{ activation() }}</span>
      </dd>
      <dt>Link</dt>
      <dd>
        {{ link() }}
        @if (linkSince(); as since) {
          <span class="sub">since {{ since }}</span>
        }
      </dd>
      <dt>Version</dt>
      <dd>{{ node().nodeVersion ?? 'Not known yet' }}</dd>
      @if (node().hardware; as hardware) {
        <dt>CPU</dt>
        <dd>{{ hardware.cpu.model }} · {{ cores() }}</dd>
        <dt>RAM</dt>
        <dd>{{ memory(hardware.memoryTotalBytes) }}</dd>
        <dt>GPU</dt>
        <dd>{{ gpus() }}</dd>
        @if (vram(); as words) {
          <dt>VRAM</dt>
          <dd>{{ words }}</dd>
        }
      } @else {
        <dt>Hardware</dt>
        <dd class="sub">Told with the first link</dd>
      }
      @if (roundTrip(); as words) {
        <dt>Round trip</dt>
        <dd class="num">{{ words }}</dd>
      }
      @if (clockWords(); as words) {
        <dt>Clock</dt>
        <dd class="num">{{ words }}</dd>
      }
      @if (node().certificate; as certificate) {
        <dt>Certificate</dt>
        <dd class="certificate">
          <span class="mono" [title]="certificate.fingerprint">{{ shortFingerprint(certificate.fingerprint) }}</span>
          <span class="sub">pinned {{ day(certificate.pinnedAt, clock.now()) }}</span>
          <app-copy-button [text]="certificate.fingerprint" what="the whole fingerprint" />
        </dd>
      }
      <dt>Registered</dt>
      <dd class="num">{{ registered() }}</dd>
    </dl>
  `,
  styles: `
    dl {
      display: grid;
      grid-template-columns: 104px minmax(0, 1fr);
      gap: 9px 12px;
      padding: 16px 18px;
    }
    dt {
      color: var(--ink-3);
    }
    dd {
      overflow-wrap: anywhere;
    }
    .certificate {
      display: flex;
      flex-wrap: wrap;
      align-items: baseline;
      gap: 2px 8px;
    }
    app-copy-button {
      margin-block: -8px;
    }
  `,
})
export class NodeFacts {
  readonly node = input.required<NodeView>();

  protected readonly clock = inject(Clock);
  protected readonly memory = memory;
  protected readonly day = day;
  protected readonly shortFingerprint = shortFingerprint;
  protected readonly address = computed(() => showAddress(this.node().host, this.node().port));
  protected readonly activation = computed(() => {
    const { at, by } = this.node().activation;
    return `by ${by}, ${moment(at, this.clock.now())}`;
  });
  /** What is so, beside what was asked for. */
  protected readonly link = computed(() => {
    const { activated, link, status } = this.node();
    if (link === undefined) return activated ? 'Not known: no monitor reports on it' : 'None';
    return { connecting: 'Connecting', up: 'Up', down: `Down: ${status.words}` }[link.phase];
  });
  protected readonly linkSince = computed(() => {
    const since = this.node().link?.since;
    return since === undefined ? undefined : moment(since, this.clock.now());
  });
  protected readonly registered = computed(() => moment(this.node().registeredAt, this.clock.now()));
  protected readonly cores = computed(() => count(this.node().hardware?.cpu.cores ?? 0, 'core'));
  protected readonly gpus = computed(() => {
    const names = new Map<string, number>();
    for (const { name } of this.node().hardware?.gpus ?? []) names.set(name, (names.get(name) ?? 0) + 1);
    return [...names].map(([name, many]) => (many === 1 ? name : `${many} × ${name}`)).join(', ') || 'None';
  });
  protected readonly vram = computed(() => {
    const gpus = this.node().hardware?.gpus ?? [];
    if (gpus.length === 0) return undefined;
    const known = gpus.flatMap(({ memoryTotalBytes }) => memoryTotalBytes ?? []);
    if (known.length > 0) return memory(known.reduce((sum, bytes) => sum + bytes, 0));
    return gpus.some(({ unifiedMemory }) => unifiedMemory) ? 'Shared with the RAM' : 'Not known';
  });
  protected readonly roundTrip = computed(() => {
    const { link } = this.node();
    return link?.phase === 'up' && link.roundTripMs !== undefined ? `${link.roundTripMs.toFixed(1)} ms` : undefined;
  });
  protected readonly clockWords = computed(() => {
    const { link } = this.node();
    return link?.phase === 'up' && link.clockOffsetMs !== undefined ? offsetWords(link.clockOffsetMs) : undefined;
  });
}
