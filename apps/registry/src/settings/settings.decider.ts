import { isDeepStrictEqual } from 'node:util';
import { type Decider, Refusal, type SettingsEvent, type SettingsValues } from '@muster/contracts';

/** The Gateway's settings as people have made them; keys by their names alone. */
export interface Settings {
  /** The access key in force; undefined before the very first one. */
  readonly accessKey: { readonly keyId: string; readonly changedAt: string } | undefined;
  /** While nodes may still have the former key. */
  readonly rotation: { readonly formerKeyId: string; readonly since: string } | undefined;
  /** What was ever set. The rest is as the environment has it. */
  readonly set: Partial<SettingsValues>;
  /** Grows with each change, and not when the key is merely shown: that is no reason to look at a change again. */
  readonly version: number;
}

interface Ordered {
  readonly at: string;
  /** The version that the caller has seen. Another one now is refused. */
  readonly expectedVersion?: number | undefined;
}

export type SettingsCommand =
  | (Ordered & { readonly type: 'make-first-access-key'; readonly keyId: string })
  | (Ordered & { readonly type: 'change-access-key'; readonly keyId: string })
  | (Ordered & { readonly type: 'show-access-key' })
  /** With `keyId`, only the rotation to that key. */
  | (Ordered & { readonly type: 'end-key-rotation'; readonly left: readonly string[]; readonly keyId?: string })
  | (Ordered & {
      readonly type: 'change-settings';
      readonly values: Partial<SettingsValues>;
      /** What holds where nothing was ever set. */
      readonly unset: SettingsValues;
    });

const changed = (settings: Settings, change: Partial<Settings>): Settings => ({
  ...settings,
  ...change,
  version: settings.version + 1,
});
const put = (settings: Settings, value: Partial<SettingsValues>): Settings =>
  changed(settings, { set: { ...settings.set, ...value } });

/** The Gateway as a whole: one stream. The keys themselves are never here, only what each is called. */
export const settingsDecider: Decider<Settings, SettingsCommand, SettingsEvent> = {
  initial: { accessKey: undefined, rotation: undefined, set: {}, version: 0 },

  evolve(settings, { type, data }) {
    switch (type) {
      case 'AccessKeyChanged':
        return changed(settings, {
          accessKey: { keyId: data.keyId, changedAt: data.at },
          rotation: data.from === undefined ? undefined : { formerKeyId: data.from, since: data.at },
        });
      case 'AccessKeyShown':
        return settings;
      case 'AccessKeyRotationEnded':
        return changed(settings, { rotation: undefined });
      case 'DelayedThresholdChanged':
        return put(settings, { delayedThresholdMs: data.to });
      case 'DialSettingsChanged':
        return put(settings, { dial: data.to });
      case 'RetentionChanged':
        return put(settings, { retention: data.to });
      case 'AllowedOriginsChanged':
        return put(settings, { allowedOrigins: data.to });
      case 'InferenceOpened':
        return put(settings, { inferenceOpen: true });
      case 'InferenceClosed':
        return put(settings, { inferenceOpen: false });
    }
  },

  decide(command, settings) {
    const { accessKey, rotation, version } = settings;
    const { at, expectedVersion } = command;
    if (expectedVersion !== undefined && expectedVersion !== version)
      throw new Refusal('version-conflict', { currentVersion: version });
    switch (command.type) {
      case 'make-first-access-key':
        return accessKey === undefined ? [{ type: 'AccessKeyChanged', data: { keyId: command.keyId, at } }] : [];
      case 'change-access-key': {
        const { keyId } = command;
        if (keyId === accessKey?.keyId) return [];
        // A node holds two keys: with a third one, those that have only the first would be lost without anybody having said so.
        if (rotation !== undefined && rotation.formerKeyId !== keyId) throw new Refusal('rotation-running');
        return [{ type: 'AccessKeyChanged', data: { keyId, ...(accessKey && { from: accessKey.keyId }), at } }];
      }
      case 'show-access-key':
        // The key is made before the first order is taken, so there is always one to show.
        if (accessKey === undefined) throw new Error('There is no access key yet');
        return [{ type: 'AccessKeyShown', data: { keyId: accessKey.keyId, at } }];
      case 'end-key-rotation': {
        if (rotation === undefined || accessKey === undefined) return [];
        const { keyId } = accessKey;
        if (command.keyId !== undefined && command.keyId !== keyId) return [];
        return [
          {
            type: 'AccessKeyRotationEnded',
            data: { keyId, former: rotation.formerKeyId, left: [...command.left], at },
          },
        ];
      }
      case 'change-settings':
        return changesOf({ ...command.unset, ...settings.set }, command.values, at);
    }
  },
};

/** One fact for each setting that differs from what is in force. */
function changesOf(before: SettingsValues, after: Partial<SettingsValues>, at: string): SettingsEvent[] {
  const values = { ...before, ...after };
  const differs = (name: keyof SettingsValues): boolean => !isDeepStrictEqual(before[name], values[name]);
  const events: SettingsEvent[] = [];
  if (differs('delayedThresholdMs')) {
    const [from, to] = [before.delayedThresholdMs, values.delayedThresholdMs];
    events.push({ type: 'DelayedThresholdChanged', data: { from, to, at } });
  }
  if (differs('dial')) events.push({ type: 'DialSettingsChanged', data: { from: before.dial, to: values.dial, at } });
  if (differs('retention'))
    events.push({ type: 'RetentionChanged', data: { from: before.retention, to: values.retention, at } });
  if (differs('allowedOrigins')) {
    const [from, to] = [before.allowedOrigins, values.allowedOrigins];
    events.push({ type: 'AllowedOriginsChanged', data: { from, to, at } });
  }
  if (differs('inferenceOpen'))
    events.push({ type: values.inferenceOpen ? 'InferenceOpened' : 'InferenceClosed', data: { at } });
  return events;
}
