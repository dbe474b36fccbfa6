import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { ParkedEverywhere, ParkedStream, Permission, StoreState } from '@muster/contracts';
import { Session } from '../session/session.js';
import { admin, AT, NODE_ID } from '../testing/examples.js';
import { FakeServer } from '../testing/fake-server.js';
import { FakeSocket } from '../testing/fake-socket.js';
import { settled } from '../testing/settled.js';
import { Parked } from './parked.js';

const well: StoreState = { parked: 0, waiting: { events: 0, seconds: 0 } };
const sick: ParkedStream = {
  ...{ service: 'registry', projection: 'history', stream: `node-${NODE_ID}`, position: 7, version: 4 },
  ...{ reason: 'NodePainted is an unknown type', since: AT, tries: 1, triedAt: AT, type: 'NodePainted' },
  ...{ raw: '{\n  "type": "NodePainted"\n}', retry: true },
};
const both: ParkedEverywhere['stores'] = [
  { service: 'registry', state: { ...well, parked: 1 } },
  { service: 'monitor', state: well },
];

describe('the page of parked facts', () => {
  let server: FakeServer;
  let page: ComponentFixture<Parked>;
  const root = (): HTMLElement => page.nativeElement as HTMLElement;

  async function open(view: ParkedEverywhere, permissions: readonly Permission[] = admin.permissions): Promise<void> {
    const account = { ...admin, permissions };
    server = new FakeServer()
      .answers('GET /api/session', 200, { account, firstAccountNeeded: false })
      .answers('GET /api/parked', 200, view);
    TestBed.configureTestingModule({ providers: [server.provider, new FakeSocket().provider, provideRouter([])] });
    await TestBed.inject(Session).known();
    page = TestBed.createComponent(Parked);
  }

  it('shows each stream that waits, with the reason and the raw fact', async () => {
    await open({ parked: [sick], more: false, stores: both, givenUp: [] });
    await settled(() => expect(root().textContent).toContain('NodePainted is an unknown type'));
    expect(root().textContent).toContain('Waits to join the history');
    expect(root().textContent).toContain('tried 1 time,');
    expect(root().querySelector('pre')?.textContent).toContain('"type": "NodePainted"');
  });

  it('tries a stream again and says how that ended', async () => {
    await open({ parked: [sick], more: false, stores: both, givenUp: [] });
    await settled(() => expect(root().querySelector('button')).not.toBeNull());
    server.answers('POST /api/parked/retry', 200, {
      outcome: 'still-parked',
      reason: 'NodePainted is an unknown type',
    });
    root().querySelector('button')?.click();
    await settled(() => expect(root().querySelector('[role=status]')?.textContent).toContain('still waits'));
    server.answers('POST /api/parked/retry', 200, { outcome: 'goes-on', taken: 2 });
    server.answers('GET /api/parked', 200, { parked: [], more: false, stores: both, givenUp: [] });
    root().querySelector('button')?.click();
    await settled(() => expect(root().textContent).toContain('Nothing waits.'));
    expect(root().querySelector('[role=status]')?.textContent).toContain('2 facts that waited were taken in');
    expect(server.to('POST /api/parked/retry')[0]?.body).toEqual({
      ...{ service: 'registry', projection: 'history', stream: `node-${NODE_ID}` },
    });
  });

  it('offers no retry for what the relay can not bring to the bus', async () => {
    await open({ parked: [{ ...sick, projection: 'relay', retry: false }], more: false, stores: both, givenUp: [] });
    await settled(() => expect(root().textContent).toContain('Cannot be brought to the bus by the registry'));
    expect(root().querySelector('button')).toBeNull();
  });

  it('names the session that holds everything up, and a service that does not answer', async () => {
    const heldBy = { pid: 4711, applicationName: 'psql', seconds: 3.2 };
    await open({ parked: [], more: false, stores: [{ service: 'registry', state: { ...well, heldBy } }], givenUp: [] });
    await settled(() => expect(root().textContent).toContain('psql (process 4711 of the database)'));
    expect(root().textContent).toContain('The monitor did not answer');
  });

  it('shows what readers of the bus gave up', async () => {
    const letter = {
      reader: 'keys',
      subject: 'muster.access.account.x',
      reason: 'never',
      failures: 8,
      at: AT,
      raw: '{}',
    };
    await open({ parked: [], more: false, stores: both, givenUp: [letter] });
    await settled(() => expect(root().querySelector('[aria-label="Given up"]')?.textContent).toContain('never'));
  });

  it('shows nothing to whoever may not manage the settings', async () => {
    await open({ parked: [sick], more: false, stores: both, givenUp: [] }, ['fleet:view']);
    await settled(() => expect(root().textContent).toContain('may not see'));
    expect(server.to('GET /api/parked')).toEqual([]);
  });
});
