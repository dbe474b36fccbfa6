import { type SettingsEvent, shippedSettings } from '@muster/contracts';
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

describe('a rotation of the access key', () => {
  const begun: SettingsEvent = { type: 'AccessKeyChanged', data: { keyId: '01020304', from: '0a0b0c0d', at } };
  const ended: SettingsEvent = {
    type: 'AccessKeyRotationEnded',
    data: { keyId: '01020304', former: '0a0b0c0d', left: [], at },
  };
  const node = '7c9e6679-7425-40de-944b-e07fc1f90ae7';

  it('is ended by the word of a person, and the fact names the nodes that are left behind', () =>
    given(first, begun)
      .when({ type: 'end-key-rotation', left: [node], at })
      .then({ ...ended, data: { ...ended.data, left: [node] } }));
  it('ends by itself only for the key that was looked at', () => {
    given(first, begun).when({ type: 'end-key-rotation', left: [], keyId: '0a0b0c0d', at }).then();
    given(first, begun).when({ type: 'end-key-rotation', left: [], keyId: '01020304', at }).then(ended);
  });
  it('ends once', () => given(first, begun, ended).when({ type: 'end-key-rotation', left: [], at }).then());
  it('was none when the first key was made', () =>
    given(first).when({ type: 'end-key-rotation', left: [], at }).then());
  it('lets no third key come before it has ended', () => {
    const third = { type: 'change-access-key', keyId: 'ffffffff', at } as const;
    given(first, begun).when(third).thenRefused('rotation-running');
    given(first, begun, ended)
      .when(third)
      .then({ type: 'AccessKeyChanged', data: { keyId: 'ffffffff', from: '01020304', at } });
  });
  it('can be turned back to the former key', () =>
    given(first, begun)
      .when({ type: 'change-access-key', keyId: '0a0b0c0d', at })
      .then({ type: 'AccessKeyChanged', data: { keyId: '0a0b0c0d', from: '01020304', at } }));
});

describe('the other settings', () => {
  const unset = { ...shippedSettings, allowedOrigins: ['https://env.example'] };
  const change = (values: object, expectedVersion?: number) =>
    ({
      type: 'change-settings',
      values,
      unset,
      at,
      ...(expectedVersion !== undefined && { expectedVersion }),
    }) as const;
  const dial = { ...unset.dial, loopback: true };
  const opened: SettingsEvent = { type: 'InferenceOpened', data: { at } };

  it('leave one fact for each that differs from what is in force', () =>
    given(first)
      .when(
        change({
          ...unset,
          dial,
          delayedThresholdMs: 5_000,
          retention: { ...unset.retention, logLinesDays: 3 },
          allowedOrigins: [],
          inferenceOpen: true,
        }),
      )
      .then(
        { type: 'DelayedThresholdChanged', data: { from: 30_000, to: 5_000, at } },
        { type: 'DialSettingsChanged', data: { from: unset.dial, to: dial, at } },
        { type: 'RetentionChanged', data: { from: unset.retention, to: { ...unset.retention, logLinesDays: 3 }, at } },
        { type: 'AllowedOriginsChanged', data: { from: ['https://env.example'], to: [], at } },
        opened,
      ));
  it('say nothing when nothing differs', () => {
    given(first).when(change(unset)).then();
    given(first, opened)
      .when(change({ inferenceOpen: true }))
      .then();
  });
  it('once set hold whatever the environment says', () => {
    const set: SettingsEvent = { type: 'DialSettingsChanged', data: { from: unset.dial, to: dial, at } };
    given(first, set).when(change({ dial })).then();
    given(first, set)
      .when(change({ dial: unset.dial }))
      .then({ type: 'DialSettingsChanged', data: { from: dial, to: unset.dial, at } });
  });
  it('are closed again as they were opened', () =>
    given(first, opened)
      .when(change({ inferenceOpen: false }))
      .then({ type: 'InferenceClosed', data: { at } }));
  it('are refused on a version that somebody has changed since, but not because the key was shown', () => {
    given(first, shown)
      .when(change({ inferenceOpen: true }, 1))
      .then(opened);
    given(first, opened)
      .when(change({ inferenceOpen: false }, 1))
      .thenRefused('version-conflict');
  });
});
