import type { Fact } from '../fact.js';
import type { IntegrationEvent } from './integration.events.js';
import { integrationAllows, Integrations, integrationSecretOf, neededToGive } from './integrations.js';

const at = '2026-11-23T12:00:00.000Z';
const integrationId = '3f1c9f0a-7d57-4f0e-9b3a-52c1a9d1f6e4';
const [hash, another] = ['a'.repeat(64), 'b'.repeat(64)];
const natsHash = `$2b$06$${'a'.repeat(53)}`;
const secret = `msi_${'aB3-_'.repeat(9).slice(0, 43)}`;

const created: IntegrationEvent = {
  type: 'IntegrationCreated',
  data: { integrationId, name: 'Desk', streams: ['FLEET'], doors: ['http'], prefix: 'msi_abcdef', hash, natsHash, at },
};
const suspended: IntegrationEvent = { type: 'IntegrationSuspended', data: { integrationId, because: 'by-hand', at } };
const resumed: IntegrationEvent = { type: 'IntegrationResumed', data: { integrationId, at } };
const revoked: IntegrationEvent = { type: 'IntegrationRevoked', data: { integrationId, at } };
const replaced: IntegrationEvent = {
  type: 'IntegrationSecretReplaced',
  data: { integrationId, prefix: 'msi_bbbbbb', hash: another, natsHash, at },
};

const factOf = (event: IntegrationEvent, position: number): Fact<IntegrationEvent> => ({
  ...event,
  ...{ id: integrationId, stream: `integration-${integrationId}`, version: position, position, at },
  meta: {
    actor: { kind: 'gateway', id: 'registry', name: 'Gateway' },
    commandId: integrationId,
    correlationId: integrationId,
  },
});

function after(...events: IntegrationEvent[]): Integrations {
  const integrations = new Integrations();
  events.forEach((event, index) => integrations.apply(factOf(event, index + 1)));
  return integrations;
}

describe('the integrations that there are', () => {
  it('are known by the hash of their secret', () => {
    expect(after(created).byHash(hash)).toEqual({
      ...{ integrationId, name: 'Desk', streams: ['FLEET'], doors: ['http'], suspended: undefined },
    });
    expect(after(created).byHash(another)).toBeUndefined();
  });

  it('follow what is changed, and are known by their present secret alone', () => {
    const changed: IntegrationEvent = {
      type: 'IntegrationChanged',
      data: { integrationId, streams: { from: ['FLEET'], to: ['HEALTH'] }, at },
    };
    const integrations = after(created, changed, replaced);
    expect(integrations.byHash(another)).toMatchObject({ name: 'Desk', streams: ['HEALTH'], doors: ['http'] });
    expect(integrations.byHash(hash)).toBeUndefined();
  });

  it('tell that they are suspended until they are resumed', () => {
    expect(after(created, suspended).byHash(hash)?.suspended).toBe('by-hand');
    expect(after(created, suspended, resumed).byHash(hash)).toMatchObject({ suspended: undefined });
  });

  it('are no more once revoked, whatever is told twice', () => {
    const integrations = after(created, revoked);
    expect(integrations.byHash(hash)).toBeUndefined();
    expect(integrations.apply(factOf(created, 1))).toBe(false);
    expect(integrations.byId(integrationId)).toBeUndefined();
  });
});

describe('what an integration may', () => {
  it('depends on its state, the door and every stream that is asked for', () => {
    const integration = { suspended: undefined, doors: ['http'] as const, streams: ['FLEET', 'HEALTH'] as const };
    expect(integrationAllows(integration, { door: 'http', wanted: ['FLEET', 'HEALTH'] })).toBe('yes');
    expect(integrationAllows(integration, { door: 'http', wanted: ['FLEET', 'ACCESS'] })).toBe('stream-not-permitted');
    expect(integrationAllows(integration, { door: 'nats', wanted: ['FLEET'] })).toBe('door-closed');
    const held = { ...integration, suspended: 'by-hand' as const };
    expect(integrationAllows(held, { door: 'http', wanted: ['FLEET'] })).toBe('integration-suspended');
  });

  it('is given by whoever may read every fact of the stream', () => {
    expect(neededToGive('FLEET')).toEqual(['fleet:view']);
    expect(neededToGive('REQUESTS')).toEqual(['fleet:view']);
    expect([...neededToGive('ACCESS')].sort()).toEqual([
      ...['accounts:manage', 'integrations:manage', 'keys:manage', 'settings:manage'],
    ]);
  });
});

describe('the secret that a request carries', () => {
  it('is the bearer’s token alone, and only what looks like one', () => {
    expect(integrationSecretOf({ authorization: `Bearer ${secret}` })).toBe(secret);
    expect(integrationSecretOf({ authorization: `bearer  ${secret}` })).toBe(secret);
    expect(integrationSecretOf({ authorization: `Basic ${secret}` })).toBeUndefined();
    expect(integrationSecretOf({ authorization: `Bearer msk_${secret.slice(4)}` })).toBeUndefined();
    expect(integrationSecretOf({ 'x-api-key': secret })).toBeUndefined();
    expect(integrationSecretOf({})).toBeUndefined();
  });
});
