import { problemsOf } from '../parse.js';
import { keyHolders } from '../rotation.js';
import { SettingsState } from './settings.state.js';
import { SettingsValues, shippedSettings } from './settings.values.js';

const sealed = { algorithm: 'A256GCM', keyId: '0a0b0c0d', nonce: 'AAAA', ciphertext: 'AAAA', tag: 'AAAA' };

describe('the settings in force', () => {
  it('of an older registry have the values as shipped', () => {
    const state = SettingsState.parse({ accessKey: { keyId: '0a0b0c0d', sealed } });
    expect(state).toMatchObject({ ...shippedSettings, version: 0 });
  });

  it('as shipped are within their own bounds', () => {
    expect(SettingsValues.parse(shippedSettings)).toEqual(shippedSettings);
  });
});

describe('settings out of their bounds', () => {
  const { dial, retention } = shippedSettings;
  it.each([
    ['delayedThresholdMs', { delayedThresholdMs: 99 }],
    ['delayedThresholdMs', { delayedThresholdMs: 1.5e7 }],
    ['dial.ports.from', { dial: { ...dial, ports: { from: 0, to: 80 } } }],
    ['dial.ports.to', { dial: { ...dial, ports: { from: 9_000, to: 8_000 } } }],
    ['retention.rollUpsDays', { retention: { ...retention, rollUpsDays: 401 } }],
    ['retention.requestsDays', { retention: { ...retention, requestsDays: 1.5 } }],
    ['allowedOrigins.1', { allowedOrigins: ['https://a.example', 'b.example'] }],
    ['allowedOrigins', { allowedOrigins: ['https://a.example', 'https://a.example'] }],
    ['allowedOrigins', { allowedOrigins: Array.from({ length: 21 }, (_, index) => `https://a${index}.example`) }],
  ])('are told at %s', (field, wrong) => {
    const parsed = SettingsValues.safeParse({ ...shippedSettings, ...wrong });
    expect(parsed.error && problemsOf(parsed.error)).toMatchObject([{ field }]);
  });
});

describe('the nodes by their key', () => {
  const up = (keyId?: string) =>
    ({ phase: 'up', since: '2026-11-23T12:00:00.000Z', frames: 'in-time', ...(keyId && { keyId }) }) as const;

  it('are sorted by what their links were made under, and only the activated ones', () => {
    const down = { phase: 'down', cause: 'refused', since: '2026-11-23T12:00:00.000Z' } as const;
    const nodes = [
      { nodeId: 'new', activated: true, link: up('11111111') },
      { nodeId: 'old', activated: true, link: up('00000000') },
      { nodeId: 'away', activated: true, link: down },
      { nodeId: 'silent', activated: true },
      { nodeId: 'untold', activated: true, link: up() },
      { nodeId: 'off', activated: false, link: up('00000000') },
    ];
    expect(keyHolders(nodes, '11111111')).toEqual({
      current: ['new'],
      former: ['old'],
      unknown: ['away', 'silent', 'untold'],
    });
  });
});
