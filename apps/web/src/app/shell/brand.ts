import { Component } from '@angular/core';

/** Three nodes, held together. */
@Component({
  selector: 'app-brand',
  template: `
    <svg
      width="22"
      height="22"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="2.2"
      aria-hidden="true"
    >
      <circle cx="12" cy="5" r="2.6" />
      <circle cx="5" cy="18" r="2.6" />
      <circle cx="19" cy="18" r="2.6" />
      <path d="M10.8 7.4 6.2 15.6M13.2 7.4l4.6 8.2M7.7 18h8.6" />
    </svg>
    Muster
  `,
  styles: `
    :host {
      display: flex;
      gap: 9px;
      align-items: center;
      font-weight: 650;
      font-size: 16px;
      letter-spacing: -0.01em;
    }
    svg {
      color: var(--accent);
    }
  `,
})
export class Brand {}
