import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import { type HistoryPage as Page, type Permission } from '@muster/contracts';
import { Session } from '../session/session.js';
import { admin, aFleet, aNode, anEntry } from '../testing/examples.js';
import { FakeServer } from '../testing/fake-server.js';
import { FakeSocket } from '../testing/fake-socket.js';
import { settled } from '../testing/settled.js';
import { HistoryPage } from './history-page.js';

describe('the page of the history', () => {
  let socket: FakeSocket;
  let server: FakeServer;
  let page: ComponentFixture<HistoryPage>;
  const root = (): HTMLElement => page.nativeElement as HTMLElement;
  const titles = (): string[] => [...root().querySelectorAll('.words')].map(({ textContent }) => textContent.trim());

  async function open(snapshot: Page, permissions: readonly Permission[] = admin.permissions): Promise<void> {
    socket = new FakeSocket();
    socket.onJoin = (event) =>
      Promise.resolve({ ok: true, epoch: 'e', seq: 1, snapshot: event === 'fleet:join' ? aFleet(aNode()) : snapshot });
    const account = { ...admin, permissions };
    server = new FakeServer().answers('GET /api/session', 200, { account, firstAccountNeeded: false });
    TestBed.configureTestingModule({ providers: [server.provider, socket.provider, provideRouter([])] });
    // jsdom has no layout, so nothing comes into sight.
    globalThis.IntersectionObserver ??= class {
      observe = jest.fn();
      unobserve = jest.fn();
      disconnect = jest.fn();
    } as never;
    await TestBed.inject(Session).known();
    page = TestBed.createComponent(HistoryPage);
    await settled(() => expect(root().querySelector('app-history-list')).not.toBeNull());
  }

  it('tells each entry in words, with who did it and what changed', async () => {
    await open({ entries: [anEntry(2), anEntry(1)], older: null });
    expect(titles()).toHaveLength(2);
    expect(root().querySelector('.entry')?.textContent).toMatch(/brisk-otter renamed.*brisk-otter.*→.*gpu-2.*admin/s);
    expect(root().textContent).toContain('That is where the history begins.');
  });

  it('shows what happens as it happens, on top', async () => {
    await open({ entries: [anEntry(1)], older: null });
    socket.says('history:change', { epoch: 'e', seq: 2, entries: [anEntry(2)] });
    await settled(() => expect(titles()[0]).toContain('gpu-2'));
    expect(titles()).toHaveLength(2);
  });

  it('opens an entry to the raw fact', async () => {
    await open({ entries: [anEntry(1)], older: null });
    const entry = root().querySelector<HTMLButtonElement>('.entry');
    entry?.click();
    await settled(() => expect(root().querySelector('pre')?.textContent).toContain('"type": "NodeRenamed"'));
    entry?.click();
    await settled(() => expect(root().querySelector('pre')).toBeNull());
  });

  it('fetches older entries when they are asked for', async () => {
    const older = `${Date.parse(anEntry(2).at)}_2_${anEntry(2).id}`;
    await open({ entries: [anEntry(3), anEntry(2)], older });
    server.answers(`GET /api/history?limit=100&before=${older}`, 200, { entries: [anEntry(1)], older: null });
    [...root().querySelectorAll('button')].find(({ textContent }) => textContent.includes('Load older'))?.click();
    await settled(() => expect(titles()).toHaveLength(3));
  });

  it('looks for words among what it has, and asks for the rest', async () => {
    await open({ entries: [anEntry(3), anEntry(2)], older: `${Date.parse(anEntry(2).at)}_2_${anEntry(2).id}` });
    server.answers('GET /api/history?text=gpu-1&limit=100', 200, { entries: [anEntry(1)], older: null });
    const search = root().querySelector<HTMLInputElement>('input[type=search]');
    if (search === null) throw new Error('There is no search');
    search.value = 'gpu-1';
    search.dispatchEvent(new Event('input'));
    await settled(() => expect(titles()).toEqual([expect.stringContaining('gpu-1')]));
    expect(root().querySelector('a[download]')?.getAttribute('href')).toBe('/api/history/export?text=gpu-1');
  });

  it('says what could not be had, and tries again', async () => {
    const older = `${Date.parse(anEntry(2).at)}_2_${anEntry(2).id}`;
    await open({ entries: [anEntry(2)], older });
    [...root().querySelectorAll('button')].find(({ textContent }) => textContent.includes('Load older'))?.click();
    await settled(() => expect(root().querySelector('[role=alert]')?.textContent).toContain('does not answer'));
    server.answers(`GET /api/history?limit=100&before=${older}`, 200, { entries: [anEntry(1)], older: null });
    root().querySelector<HTMLButtonElement>('[role=alert] button')?.click();
    await settled(() => expect(titles()).toHaveLength(2));
    expect(root().querySelector('[role=alert]')).toBeNull();
  });

  it('offers only kinds of facts that the account may read', async () => {
    await open({ entries: [], older: null }, ['fleet:view']);
    const kinds = [...(root().querySelector('select')?.options ?? [])].map(({ text }) => text);
    expect(kinds).toEqual(['Everything', 'Nodes', 'Health']);
    expect(root().textContent).toContain('Nothing has happened yet.');
  });
});
