import { allPermissions, type WebhookEvent } from '@muster/contracts';
import { givenOf } from '@muster/testing';
import { type WebhookCommand, webhookDecider } from './webhook.decider.js';

const given = givenOf(webhookDecider);
const webhookId = '5a0c6f0e-3b0e-4d35-9d3f-0f6f4f8f2a11';
const at = '2026-11-23T12:00:00.000Z';
const url = 'https://desk.example/muster';
const may = allPermissions;

const created: WebhookEvent = {
  type: 'WebhookCreated',
  data: { webhookId, name: 'Desk', url, streams: ['FLEET', 'HEALTH'], types: [], at },
};
const paused: WebhookEvent = { type: 'WebhookPaused', data: { webhookId, because: 'by-hand', at } };
const resumed: WebhookEvent = { type: 'WebhookResumed', data: { webhookId, at } };
const removed: WebhookEvent = { type: 'WebhookRemoved', data: { webhookId, at } };
const replaced = (secretVersion: number): WebhookEvent => ({
  type: 'WebhookSecretReplaced',
  data: { webhookId, secretVersion, at },
});
const create: Extract<WebhookCommand, { type: 'create' }> = {
  ...{ type: 'create', webhookId, name: 'Desk', url, streams: ['HEALTH', 'FLEET', 'HEALTH'], types: [], at, may },
};
const change: Extract<WebhookCommand, { type: 'change' }> = { type: 'change', webhookId, at, may };
const fleetOnly = ['integrations:manage', 'fleet:view'] as const;

describe('making a webhook', () => {
  it('says what is sent where, and from where when that was said', () => {
    given().when(create).then(created);
    const from = 'F17.H120';
    given()
      .when({ ...create, from })
      .then({ ...created, data: { ...created.data, from } } as WebhookEvent);
  });
  it('refuses the id of another one, be it removed', () => {
    given(created).when(create).thenRefused('bad-input');
    given(created, removed).when(create).thenRefused('bad-input');
  });
  it('refuses streams that whoever makes it may not read', () => {
    given()
      .when({ ...create, streams: ['ACCESS'], may: fleetOnly })
      .thenRefused('not-permitted');
    given()
      .when({ ...create, may: fleetOnly })
      .then(created);
  });
});

describe('changing a webhook', () => {
  it('says what was and what is, and nothing when nothing is new', () => {
    given(created)
      .when({ ...change, name: 'Bell', types: ['NodeLost', 'NodeLost'] })
      .then({
        type: 'WebhookChanged',
        data: { webhookId, name: { from: 'Desk', to: 'Bell' }, types: { from: [], to: ['NodeLost'] }, at },
      });
    given(created)
      .when({ ...change, name: 'Desk', streams: ['HEALTH', 'FLEET'] })
      .then();
  });
  it('needs what reading takes for a stream that is new, and for all when they go elsewhere', () => {
    const access: WebhookEvent = {
      type: 'WebhookCreated',
      data: { ...(created.data as Extract<WebhookEvent, { type: 'WebhookCreated' }>['data']), streams: ['ACCESS'] },
    };
    given(created)
      .when({ ...change, streams: ['ACCESS', 'FLEET'], may: fleetOnly })
      .thenRefused('not-permitted');
    given(access)
      .when({ ...change, url: 'https://elsewhere.example/', may: fleetOnly })
      .thenRefused('not-permitted');
    given(access).when({ type: 'replay', webhookId, from: '0', at, may: fleetOnly }).thenRefused('not-permitted');
    given(access).when({ type: 'replace-secret', webhookId, at, may: fleetOnly }).thenRefused('not-permitted');
  });
  it('counts its secrets', () => {
    const replace: WebhookCommand = { type: 'replace-secret', webhookId, at, may };
    given(created).when(replace).then(replaced(2));
    given(created, replaced(2)).when(replace).then(replaced(3));
  });
});

describe('pausing, resuming and removing a webhook', () => {
  const pause: WebhookCommand = { type: 'pause', webhookId, because: 'by-hand', at };
  const resume: WebhookCommand = { type: 'resume', webhookId, at };
  const remove: WebhookCommand = { type: 'remove', webhookId, at };

  it('is said once', () => {
    given(created).when(pause).then(paused);
    given(created, paused).when(pause).then();
    given(created, paused).when(resume).then(resumed);
    given(created).when(resume).then();
    given(created).when(remove).then(removed);
    given(created, removed).when(remove).then();
  });
  it('is refused for one that is not there', () => {
    for (const command of [pause, resume, remove, change]) given().when(command).thenRefused('webhook-unknown');
    for (const command of [pause, resume, change]) given(created, removed).when(command).thenRefused('webhook-removed');
  });
});
