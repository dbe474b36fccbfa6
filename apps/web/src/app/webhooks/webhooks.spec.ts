import { type ComponentFixture, TestBed } from '@angular/core/testing';
import { provideRouter } from '@angular/router';
import type { ListedWebhook, Permission, WebhookDelivery } from '@muster/contracts';
import { Session } from '../session/session.js';
import { admin, AT, NODE_ID } from '../testing/examples.js';
import { FakeServer } from '../testing/fake-server.js';
import { FakeSocket } from '../testing/fake-socket.js';
import { settled } from '../testing/settled.js';
import { Webhooks } from './webhooks.js';

const desk: ListedWebhook = {
  ...{ webhookId: NODE_ID, name: 'Desk', url: 'https://desk.example/muster', streams: ['FLEET'], types: [] },
  ...{ state: 'active', secretSince: AT, createdAt: AT, version: 1, position: 'F17', behind: 3 },
};
const tried = (n: number, over: Partial<WebhookDelivery> = {}): WebhookDelivery => ({
  ...{ n, messageId: 'm', type: 'NodeRenamed', position: `F${n}`, attempt: 2 },
  ...{ outcome: 'refused' as const, status: 503, tookMs: 12, at: AT },
  ...over,
});
const LOG = `GET /api/webhooks/${NODE_ID}/deliveries`;

describe('the page of webhooks', () => {
  let server: FakeServer;
  let page: ComponentFixture<Webhooks>;
  const root = (): HTMLElement => page.nativeElement as HTMLElement;
  const press = (words: string) =>
    [...root().querySelectorAll('button')].find((button) => button.textContent.includes(words))?.click();

  async function open(
    answer: (server: FakeServer) => FakeServer,
    permissions: readonly Permission[] = admin.permissions,
  ): Promise<void> {
    const account = { ...admin, permissions };
    server = answer(new FakeServer().answers('GET /api/session', 200, { account, firstAccountNeeded: false }));
    TestBed.configureTestingModule({ providers: [server.provider, new FakeSocket().provider, provideRouter([])] });
    await TestBed.inject(Session).known();
    page = TestBed.createComponent(Webhooks);
  }
  const listing =
    (...webhooks: ListedWebhook[]) =>
    (server: FakeServer) =>
      server.answers('GET /api/webhooks', 200, { webhooks });

  it('says what webhooks are while there is none', async () => {
    await open(listing());
    await settled(() => expect(root().textContent).toContain('Facts are sent nowhere yet'));
  });

  it('shows where each sends, what, how far it is and what was tried last', async () => {
    await open(listing({ ...desk, state: 'failing', failingSince: AT, last: tried(18) }));
    await settled(() => expect(root().textContent).toContain('desk.example'));
    expect(root().querySelector('[data-state]')?.textContent).toBe('Failing');
    expect(root().querySelector('[data-behind]')?.textContent).toBe('3 facts behind');
    expect(root().querySelector('[data-last]')?.textContent).toBe('last try: Refused with 503');
    for (const words of ['Every fact of FLEET', 'Nothing taken yet', 'F17', 'It has taken nothing for'])
      expect(root().textContent).toContain(words);
  });

  it('says why one is paused, and offers to resume it', async () => {
    await open(listing({ ...desk, state: 'paused', paused: { because: 'gone', since: AT } }));
    await settled(() => expect(root().textContent).toContain('The receiver answered 410'));
    expect(root().textContent).toContain('Resume Desk');
    expect(root().textContent).not.toContain('Pause Desk');
  });

  it('sends a test and says how it ended', async () => {
    await open(listing(desk));
    await settled(() => expect(root().textContent).toContain('Desk'));
    server.answers(`POST /api/webhooks/${NODE_ID}/test`, 200, tried(19, { type: 'test', outcome: 'timed-out' }));
    press('Send a test');
    await settled(() =>
      expect(root().querySelector('[data-tested]')?.textContent).toContain('Test: No answer in time'),
    );
    server.refuses(`POST /api/webhooks/${NODE_ID}/test`, 404, 'webhook-unknown', { detail: 'It is gone' });
    press('Send a test');
    await settled(() => expect(root().querySelector('[data-tested]')?.textContent).toBe('It is gone'));
  });

  it('shows the deliveries of one, and older ones on demand', async () => {
    await open((server) =>
      listing(desk)(server)
        .answers(LOG, 200, { deliveries: [tried(9), tried(8, { outcome: 'delivered', status: 204 })], older: true })
        .answers(`${LOG}?before=8`, 200, { deliveries: [tried(7, { type: 'test' })], older: false }),
    );
    await settled(() => expect(root().textContent).toContain('Desk'));
    press('Deliveries');
    await settled(() => expect(root().querySelectorAll('[role=row]')).toHaveLength(3));
    expect(root().textContent).toContain('Taken with 204');
    press('Older');
    await settled(() => expect(root().querySelectorAll('[role=row]')).toHaveLength(4));
    expect(root().textContent).not.toContain('Older');
    press('Deliveries');
    await settled(() => expect(root().querySelector('app-delivery-log')).toBeNull());
  });

  it('says what the server refuses, and what is lost', async () => {
    await open((server) => server.refuses('GET /api/webhooks', 403, 'not-permitted', { detail: 'Not for you' }));
    await settled(() => expect(root().querySelector('[role=alert]')?.textContent).toBe('Not for you'));
    TestBed.resetTestingModule();
    await open((server) => server);
    await settled(() => expect(root().textContent).toContain('The Gateway does not answer'));
  });

  it('asks for nothing on behalf of whoever may not manage integrations', async () => {
    await open(listing(desk), ['fleet:view']);
    await settled(() => expect(root().textContent).toContain('may not see the webhooks'));
    expect(server.to('GET /api/webhooks')).toEqual([]);
    expect(root().textContent).not.toContain('New webhook');
  });
});
