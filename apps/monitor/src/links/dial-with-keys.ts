import { LinkError, type NodeConnection, type StageInfo } from '@muster/node-link';
import type { dialAddresses, DialTarget } from '../verify/dial-addresses.js';
import type { LinkKey } from './known-settings.js';

/**
 * Dials with one key after the other until the node knows one. A stage is told once, however often it is passed. Rejects as the
 * dial does, when the last key was refused or for whatever else went wrong with the one before.
 */
export async function dialWithKeys(
  dial: typeof dialAddresses,
  keys: readonly LinkKey[],
  target: Omit<DialTarget, 'accessKey'>,
  onStage?: (info: StageInfo, keyId: string) => void,
): Promise<{ readonly connection: NodeConnection; readonly keyId: string }> {
  const told = new Set<StageInfo['stage']>();
  let refused = new LinkError('key-refused', 'key');
  for (const { keyId, key } of keys) {
    try {
      const connection = await dial({ ...target, accessKey: key }, (info) => {
        if (told.has(info.stage)) return;
        told.add(info.stage);
        onStage?.(info, keyId);
      });
      return { connection, keyId };
    } catch (error) {
      if (!(error instanceof LinkError) || error.linkCause !== 'key-refused' || target.signal.aborted) throw error;
      refused = error;
    }
  }
  throw refused;
}
