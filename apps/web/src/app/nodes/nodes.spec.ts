import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { FleetSnapshot, Permission } from '@muster/contracts';
import { Session } from '../session/session.js';
import { aFleet, admin, aNode, NODE_ID, OTHER_ID } from '../testing/examples.js';
import { FakeServer } from '../testing/fake-server.js';
import { FakeSocket } from '../testing/fake-socket.js';
import { settled } from '../testing/settled.js';
import { Nodes } from './nodes.js';

describe('the page of the nodes', () => {
  let socket: FakeSocket;
  let server: FakeServer;
  let page: ComponentFixture<Nodes>;
  const root = (): HTMLElement => page.nativeElement as HTMLElement;
  const rows = (): string[] => [...root().querySelectorAll('app-node-row')].map((row) => row.textContent);

  async function open(fleet: FleetSnapshot, permissions: readonly Permission[] = admin.permissions): Promise<void> {
    socket = new FakeSocket();
    socket.onJoin = () => Promise.resolve({ ok: true, epoch: 'e', seq: 1, snapshot: fleet });
    const account = { ...admin, permissions };
    server = new FakeServer().answers('GET /api/session', 200, { account, firstAccountNeeded: false });
    TestBed.configureTestingModule({ providers: [server.provider, socket.provider, provideRouter([])] });
    // jsdom has no layout and so no media to match.
    window.matchMedia ??= (media) =>
      ({ matches: false, media, addListener: jest.fn(), removeListener: jest.fn() }) as never;
    await TestBed.inject(Session).known();
    page = TestBed.createComponent(Nodes);
    await settled(() => expect(root().querySelector('app-first-node, [role=table], [role=alert]')).not.toBeNull());
  }

  it('shows each node with its status, figures and address', async () => {
    const fleet = aFleet(aNode(), aNode({ nodeId: OTHER_ID, name: 'calm-heron', host: 'fe80::1' }));
    await open({ ...fleet, loads: { [NODE_ID]: { cpuPercent: 71.2, memoryPercent: 48 } } });
    expect(rows()).toHaveLength(2);
    expect(rows()[0]).toMatch(/green.*brisk-otter.*10\.0\.4\.17:8022.*Healthy.*71 %.*48 %.*–.*–/s);
    expect(rows()[1]).toContain('[fe80::1]:8022');
    expect(root().textContent).toContain('2 healthy');
  });

  it('shows a change as it comes, without a reload', async () => {
    await open(aFleet(aNode()));
    const status = { ...aNode().status, colour: 'red', reason: 'silent', words: 'Silent' } as const;
    socket.says('fleet:change', { epoch: 'e', seq: 2, changed: [aNode({ status })], removed: [], loads: {} });
    await settled(() => expect(rows()[0]).toContain('Silent'));
    expect(root().textContent).toContain('1 down');
  });

  it('tells a newcomer what to do while there is no node', async () => {
    await open(aFleet());
    expect(root().textContent).toContain('Bring in your first node');
    expect(root().textContent).not.toContain('localhost:8022');
  });

  it('says where the Gateway looks for a node by itself', async () => {
    const fleet = aFleet();
    await open({ ...fleet, gateway: { ...fleet.gateway, lookingAt: 'localhost:8022' } });
    expect(root().textContent).toContain('Looking for a node at localhost:8022');
  });

  it('offers nothing that would be refused', async () => {
    await open(aFleet(aNode()), ['fleet:view']);
    expect(root().textContent).not.toContain('New node');
    expect(root().querySelector('[aria-label^="Edit"]')).toBeNull();
  });

  it('filters by what is typed, and says so when nothing matches', async () => {
    await open(aFleet(aNode(), aNode({ nodeId: OTHER_ID, name: 'calm-heron' })));
    const filter = root().querySelector<HTMLInputElement>('input[type=search]');
    if (filter === null) throw new Error('There is no filter');
    filter.value = 'heron';
    filter.dispatchEvent(new Event('input'));
    await settled(() => expect(rows()).toHaveLength(1));
    filter.value = 'zebra';
    filter.dispatchEvent(new Event('input'));
    await settled(() => expect(root().textContent).toContain('No node matches.'));
  });

  it('shows the fleet as it was known at a time, as the past and with nothing to change', async () => {
    await open(aFleet(aNode()));
    const at = '2026-11-20T08:00:00.000Z';
    const status = { ...aNode().status, colour: 'red', reason: 'silent', words: 'Silent', since: at } as const;
    const then = [aNode({ name: 'old-lynx', status })];
    server.answers(`GET /api/fleet?at=${encodeURIComponent(at)}`, 200, { at, nodes: then });
    page.componentRef.setInput('at', at);
    await settled(() => expect(rows()[0]).toMatch(/old-lynx.*Silent · 0 s/s));
    expect(root().textContent).toContain('The past.');
    expect(root().textContent).toContain('Back to now');
    expect(root().textContent).not.toContain('New node');
    expect(root().querySelector('app-node-row a, app-node-row button, app-gateway-panel')).toBeNull();
    page.componentRef.setInput('at', undefined);
    await settled(() => expect(rows()[0]).toContain('brisk-otter'));
    expect(root().textContent).not.toContain('The past.');
  });

  it('says when there was nothing yet', async () => {
    await open(aFleet(aNode()));
    const at = '2026-01-01T00:00:00.000Z';
    server.answers(`GET /api/fleet?at=${encodeURIComponent(at)}`, 200, { at, nodes: [] });
    page.componentRef.setInput('at', at);
    await settled(() => expect(root().textContent).toContain('No node was registered then.'));
  });
});
