import type { Decider, SettingsEvent } from '@muster/contracts';

/** The access key in force, by its name alone; undefined before the very first one. */
export interface Settings {
  readonly accessKey: { readonly keyId: string; readonly changedAt: string } | undefined;
}

export type SettingsCommand =
  | { readonly type: 'make-first-access-key'; readonly keyId: string; readonly at: string }
  | { readonly type: 'change-access-key'; readonly keyId: string; readonly at: string }
  | { readonly type: 'show-access-key'; readonly at: string };

/** The Gateway as a whole: one stream. The keys themselves are never here, only what each is called. */
export const settingsDecider: Decider<Settings, SettingsCommand, SettingsEvent> = {
  initial: { accessKey: undefined },

  evolve(settings, event) {
    switch (event.type) {
      case 'AccessKeyChanged':
        return { accessKey: { keyId: event.data.keyId, changedAt: event.data.at } };
      case 'AccessKeyShown':
        return settings;
    }
  },

  decide(command, { accessKey }) {
    const { at } = command;
    switch (command.type) {
      case 'make-first-access-key':
        return accessKey === undefined ? [{ type: 'AccessKeyChanged', data: { keyId: command.keyId, at } }] : [];
      case 'change-access-key':
        if (command.keyId === accessKey?.keyId) return [];
        return [
          {
            type: 'AccessKeyChanged',
            data: { keyId: command.keyId, ...(accessKey === undefined ? {} : { from: accessKey.keyId }), at },
          },
        ];
      case 'show-access-key':
        // The key is made before the first order is taken, so there is always one to show.
        if (accessKey === undefined) throw new Error('There is no access key yet');
        return [{ type: 'AccessKeyShown', data: { keyId: accessKey.keyId, at } }];
    }
  },
};
