import { allPermissions, type IntegrationEvent } from '@muster/contracts';
import { givenOf } from '@muster/testing';
import { type IntegrationCommand, integrationDecider } from './integration.decider.js';

const given = givenOf(integrationDecider);
const integrationId = '3f1c9f0a-7d57-4f0e-9b3a-52c1a9d1f6e4';
const at = '2026-11-23T12:00:00.000Z';
const hashes = { prefix: 'msi_abcdef', hash: 'a'.repeat(64), natsHash: `$2b$06$${'a'.repeat(53)}` };
const may = allPermissions;

const created: IntegrationEvent = {
  type: 'IntegrationCreated',
  data: { integrationId, name: 'Desk', streams: ['FLEET', 'HEALTH'], doors: ['http', 'nats'], ...hashes, at },
};
const suspended: IntegrationEvent = { type: 'IntegrationSuspended', data: { integrationId, because: 'by-hand', at } };
const resumed: IntegrationEvent = { type: 'IntegrationResumed', data: { integrationId, at } };
const revoked: IntegrationEvent = { type: 'IntegrationRevoked', data: { integrationId, at } };
const create: Extract<IntegrationCommand, { type: 'create' }> = {
  ...{ type: 'create', integrationId, name: 'Desk', ...hashes, at, may },
  streams: ['HEALTH', 'FLEET', 'HEALTH'],
  doors: ['nats', 'http'],
};
const change: Extract<IntegrationCommand, { type: 'change' }> = { type: 'change', integrationId, at, may };
const replace: IntegrationCommand = { type: 'replace-secret', integrationId, ...hashes, at, may };
const suspend: IntegrationCommand = { type: 'suspend', integrationId, because: 'by-hand', at };
const resume: IntegrationCommand = { type: 'resume', integrationId, at };
const revoke: IntegrationCommand = { type: 'revoke', integrationId, at };

describe('making an integration', () => {
  it('says what it reads and where it is let in, and of its secret the hashes alone', () =>
    given().when(create).then(created));
  it('refuses the id of another one, be it revoked', () => {
    given(created).when(create).thenRefused('bad-input');
    given(created, revoked).when(create).thenRefused('bad-input');
  });
  it('refuses streams that whoever makes it may not read', () => {
    const managing = ['integrations:manage', 'fleet:view'] as const;
    given()
      .when({ ...create, streams: ['ACCESS'], may: [...managing, 'accounts:manage', 'keys:manage'] })
      .thenRefused('not-permitted');
    given()
      .when({ ...create, streams: ['REQUESTS'], may: ['integrations:manage'] })
      .thenRefused('not-permitted');
    given()
      .when({ ...create, may: managing })
      .then(created);
  });
});

describe('changing an integration', () => {
  it('says what was and what is, and nothing of what stays', () => {
    given(created)
      .when({ ...change, name: 'Tickets', streams: ['REQUESTS', 'FLEET'], doors: ['nats', 'http'] })
      .then({
        type: 'IntegrationChanged',
        data: {
          ...{ integrationId, at },
          name: { from: 'Desk', to: 'Tickets' },
          streams: { from: ['FLEET', 'HEALTH'], to: ['FLEET', 'REQUESTS'] },
        },
      });
    given(created)
      .when({ ...change, name: 'Desk', streams: ['HEALTH', 'FLEET'] })
      .then();
  });
  it('takes streams away for whoever manages integrations, and gives only what one may read', () => {
    given(created)
      .when({ ...change, streams: ['FLEET'], may: ['integrations:manage'] })
      .then({
        type: 'IntegrationChanged',
        data: { integrationId, streams: { from: ['FLEET', 'HEALTH'], to: ['FLEET'] }, at },
      });
    given(created)
      .when({ ...change, streams: ['FLEET', 'ACCESS'], may: ['integrations:manage', 'fleet:view'] })
      .thenRefused('not-permitted');
  });
});

describe('the secret of an integration', () => {
  it('is replaced by another for whoever may read what it reads', () => {
    given(created)
      .when(replace)
      .then({ type: 'IntegrationSecretReplaced', data: { integrationId, ...hashes, at } });
    given(created)
      .when({ ...replace, may: ['integrations:manage'] })
      .thenRefused('not-permitted');
  });
});

describe('suspending and resuming', () => {
  it('are said once, with the cause and the reason', () => {
    given(created)
      .when({ ...suspend, because: 'too-many-connections', reason: '17 where 16 are allowed' })
      .then({
        type: 'IntegrationSuspended',
        data: { integrationId, because: 'too-many-connections', reason: '17 where 16 are allowed', at },
      });
    given(created, suspended).when(suspend).then();
    given(created, suspended).when(resume).then(resumed);
    given(created, suspended, resumed).when(resume).then();
    given(created, suspended, resumed).when(suspend).then(suspended);
  });
});

describe('revoking an integration', () => {
  it('is for good, and says nothing twice', () => {
    given(created).when(revoke).then(revoked);
    given(created, suspended).when(revoke).then(revoked);
    given(created, revoked).when(revoke).then();
  });
  it('leaves nothing to be changed', () => {
    for (const command of [change, replace, suspend, resume])
      given(created, revoked).when(command).thenRefused('integration-revoked');
    for (const command of [change, replace, suspend, resume, revoke])
      given().when(command).thenRefused('integration-unknown');
  });
});
