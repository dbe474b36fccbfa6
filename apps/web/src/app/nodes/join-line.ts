import { Component, computed, DOCUMENT, inject } from '@angular/core';
import { Fleet } from '../live/fleet.js';
import { CopyButton } from '../ui/copy-button.js';

/** The one line that makes a machine with nothing but Node.js a node, for pasting there. The Gateway serves what it fetches. */
@Component({
  selector: 'app-join-line',
  imports: [CopyButton],
  template: `
    @if (line(); as line) {
      <p class="sub">
        Paste this on the machine, where Node.js 22.19 or newer is installed. It asks for the access key, which
        Configuration shows.
      </p>
      <div class="line">
        <code class="code">{{ line }}</code><app-copy-button [text]="line" what="the line" />
      </div>
      @if (isThisMachine) {
        <p class="sub">On another machine put this one's name or address in place of {{ host }}.</p>
      }
    }
  `,
  styles: `
    .line {
      display: flex;
      gap: 8px;
      align-items: center;
      margin-block: 6px;
    }
    code {
      overflow-wrap: anywhere;
    }
  `,
})
export class JoinLine {
  readonly #fleet = inject(Fleet);
  readonly #location = inject(DOCUMENT).location;
  protected readonly host = this.#location.hostname;
  protected readonly isThisMachine = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(this.host);
  protected readonly line = computed(() => {
    const version = this.#fleet.last()?.gateway.version;
    return version === undefined
      ? undefined
      : `npx --yes ${this.#location.origin}/downloads/muster-node-${version}.tgz --ask-access-key`;
  });
}
