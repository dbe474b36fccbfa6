import { Component, input } from '@angular/core';
import type { KeyHolders } from '@muster/contracts';

/** Which nodes have which key, in words. */
@Component({
  selector: 'app-key-holder-names',
  template: `
    @if (holders(); as holders) {
      <dl>
        <div>
          <dt>New key</dt>
          <dd>{{ holders.current.join(', ') || 'No node yet' }}</dd>
        </div>
        <div>
          <dt>Still the former key</dt>
          <dd>{{ holders.former.join(', ') || 'No node' }}</dd>
        </div>
        @if (holders.unknown.length > 0) {
          <div>
            <dt>Not known, not linked</dt>
            <dd>{{ holders.unknown.join(', ') }}</dd>
          </div>
        }
      </dl>
    } @else {
      <p class="sub">Which node has which key is seen by whoever may see the nodes.</p>
    }
  `,
  styles: `
    dl {
      display: grid;
      gap: 5px;
    }
    dl div {
      display: grid;
      grid-template-columns: 170px minmax(0, 1fr);
      gap: 12px;
    }
    dt {
      color: var(--ink-3);
    }
    dd {
      overflow-wrap: anywhere;
    }
  `,
})
export class KeyHolderNames {
  readonly holders = input.required<KeyHolders | undefined>();
}
