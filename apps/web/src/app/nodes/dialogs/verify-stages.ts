import { Component, computed, input } from '@angular/core';
import { StatusDot } from '../../ui/status-dot.js';
import { stageLines, type Verification } from './verification.js';

const spokenStates = { passed: 'Passed', failed: 'Failed', running: 'Running', waiting: 'Waiting' } as const;

/** The stages of a verification, each as it ends, with its time; the one that fails with what to do. */
@Component({
  selector: 'app-verify-stages',
  imports: [StatusDot],
  template: `
    <ol aria-live="polite" aria-relevant="text">
      @for (line of lines(); track line.stage) {
        <li class="check" [class.waiting]="line.state === 'waiting'" [attr.data-stage]="line.stage">
          <app-status-dot [colour]="line.colour" [class.pulse]="line.state === 'running'" />
          <div class="words">
            <span class="unseen">{{ spoken[line.state] }}: </span>
            @if (line.state === 'failed') {
              <b>{{ line.words }}</b>
              <p class="sub">{{ line.remedy }}</p>
            } @else {
              {{ line.words }}{{ line.state === 'running' ? ' …' : '' }}
              @if (line.detail) {
                <span class="sub detail">{{ line.detail }}</span>
              }
            }
          </div>
          <span class="sub num">{{ line.tookMs === undefined ? '' : round(line.tookMs) + ' ms' }}</span>
        </li>
      }
    </ol>
    @if (verification().state === 'broken') {
      <p class="wrong broken" role="alert">{{ words() }}</p>
    }
  `,
  styles: `
    app-status-dot {
      justify-self: center;
    }
    .waiting .words {
      color: var(--ink-3);
      font-size: 12.5px;
    }
    .words {
      overflow-wrap: anywhere;
    }
    .detail {
      margin-left: 4px;
    }
    .broken {
      padding: 12px 22px;
      border-top: 1px solid var(--line-soft);
    }
    .pulse {
      animation: pulse 1.1s ease-in-out infinite;
    }
    @keyframes pulse {
      50% {
        opacity: 0.35;
      }
    }
  `,
})
export class VerifyStages {
  readonly verification = input.required<Verification>();
  protected readonly spoken = spokenStates;
  protected readonly lines = computed(() => stageLines(this.verification()));
  protected readonly words = computed(() => {
    const verification = this.verification();
    return verification.state === 'broken' ? verification.words : '';
  });
  protected readonly round = (ms: number): number => Math.round(ms);
}
