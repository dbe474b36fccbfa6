import type { SettingsEvent } from '@muster/contracts';
import { givenOf } from '@muster/testing';
import { settingsDecider } from './settings.decider.js';

const given = givenOf(settingsDecider);
const at = '2026-11-23T12:00:00.000Z';
const first: SettingsEvent = { type: 'AccessKeyChanged', data: { keyId: '0a0b0c0d', at } };
const shown: SettingsEvent = { type: 'AccessKeyShown', data: { keyId: '0a0b0c0d', at } };

describe('the access key', () => {
  it('is made at the first start', () =>
    given().when({ type: 'make-first-access-key', keyId: '0a0b0c0d', at }).then(first));
  it('is not made again at the next', () =>
    given(first).when({ type: 'make-first-access-key', keyId: 'ffffffff', at }).then());
  it('changes to another, and the fact names both by their ids', () =>
    given(first)
      .when({ type: 'change-access-key', keyId: '01020304', at })
      .then({ type: 'AccessKeyChanged', data: { keyId: '01020304', from: '0a0b0c0d', at } }));
  it('says nothing when it is the same key', () =>
    given(first).when({ type: 'change-access-key', keyId: '0a0b0c0d', at }).then());
  it('leaves a fact each time that it is shown', () =>
    given(first, shown).when({ type: 'show-access-key', at }).then(shown));
});
