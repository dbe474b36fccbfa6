import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { Session } from '../session/session.js';
import { aFleet, admin, AT, aNode } from '../testing/examples.js';
import { FakeServer } from '../testing/fake-server.js';
import { FakeSocket } from '../testing/fake-socket.js';
import { aRequest, someFigures } from '../testing/request-examples.js';
import { settled } from '../testing/settled.js';
import { RequestsPage } from './requests-page.js';

const tally = { completed: 90, failed: 10, cancelled: 0, refused: 0, lost: 0, delayed: 2, tokensIn: 1, tokensOut: 2 };
const counted = {
  from: AT,
  more: false,
  tallies: [{ of: { id: '' }, tally: { ...tally, errors: { 'stream-broken': 10 }, bytesIn: 1, bytesOut: 1 } }],
};

describe('the page of the requests', () => {
  let socket: FakeSocket;
  let server: FakeServer;
  let page: ComponentFixture<RequestsPage>;
  const root = (): HTMLElement => page.nativeElement as HTMLElement;
  const rows = (): string[] =>
    [...root().querySelectorAll('app-request-list [role=rowgroup] [role=row]')].map((row) => row.textContent);

  beforeEach(async () => {
    socket = new FakeSocket();
    const snapshots: Record<string, unknown> = {
      'fleet:join': aFleet(aNode()),
      'figures:join': { figures: someFigures() },
      'requests:join': { requests: [aRequest(2, { state: 'running' }), aRequest(1)], older: null },
    };
    socket.onJoin = (event) => Promise.resolve({ ok: true, epoch: 'e', seq: 1, snapshot: snapshots[event] });
    server = new FakeServer()
      .answers('GET /api/session', 200, { account: admin, firstAccountNeeded: false })
      .answers('GET /api/figures/5m?by=all', 200, counted)
      .answers('GET /api/figures/all?by=model', 200, { from: null, more: false, tallies: [] })
      .answers('GET /api/figures/all?by=key', 200, { from: null, more: false, tallies: [] })
      .refuses('GET /api/figures/5m/series?by=all', 503, 'outage', { detail: 'Nobody counts right now.' })
      .answers('GET /api/requests?state=failed&limit=100', 200, {
        requests: [aRequest(0, { state: 'failed', error: 'stream-broken' })],
        older: null,
      });
    TestBed.configureTestingModule({ providers: [server.provider, socket.provider, provideRouter([])] });
    await TestBed.inject(Session).known();
    page = TestBed.createComponent(RequestsPage);
    await settled(() => expect(rows()).toHaveLength(2));
  });

  it('shows the newest requests, and each change as it comes', async () => {
    expect(rows()[0]).toMatch(/tiny-chat.*brisk-otter.*docs-chat.*In flight/s);
    socket.says('requests:change', { epoch: 'e', seq: 2, changed: [aRequest(3), aRequest(2)] });
    await settled(() => expect(rows()).toHaveLength(3));
    expect(rows()[1]).toContain('Completed');
  });

  it('shows where every request is, in a sum that holds, and says when it does not', async () => {
    expect(root().textContent).toMatch(/60,030\s+accepted =\s+60,000\s+completed/);
    expect(root().textContent).not.toContain('do not add up');
    const { conservation } = someFigures();
    const figures = someFigures({ conservation: { ...conservation, accepted: 60_031 } });
    socket.says('figures:change', { epoch: 'e', seq: 2, figures });
    await settled(() => expect(root().textContent).toContain('These do not add up.'));
  });

  it('asks for what a filter leaves out, and shows it beside what comes live', async () => {
    [...root().querySelectorAll<HTMLButtonElement>('button.toggle')]
      .find((b) => b.textContent.includes('Failed'))
      ?.click();
    await settled(() => expect(rows()).toEqual([expect.stringContaining('The answer broke off')]));
  });

  it('says what was counted, and what could not be read', async () => {
    await settled(() => expect(root().textContent).toContain('Nobody counts right now.'));
    expect(root().querySelector('app-tally-table')?.textContent).toMatch(
      /100.*10 \(10 %\).*10 × The answer broke off/s,
    );
    expect(root().textContent).toContain('10 % failed');
  });
});
