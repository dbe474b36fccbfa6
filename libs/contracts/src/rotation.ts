import type { Link } from './monitor/link.js';

/** Who was last seen to have which access key, while a rotation is on. Node ids. */
export interface KeyHolders {
  /** Linked under the key in force. */
  readonly current: readonly string[];
  /** Linked, and under the former key. */
  readonly former: readonly string[];
  /** Not linked: what they have will show when they are. */
  readonly unknown: readonly string[];
}

/** Sorts the activated nodes by the key that their links were made under. A link that does not tell counts as unknown. */
export function keyHolders(
  nodes: Iterable<{ readonly nodeId: string; readonly activated: boolean; readonly link?: Link | undefined }>,
  currentKeyId: string,
): KeyHolders {
  const [current, former, unknown]: [string[], string[], string[]] = [[], [], []];
  for (const { nodeId, activated, link } of nodes) {
    if (!activated) continue;
    const keyId = link?.phase === 'up' ? link.keyId : undefined;
    (keyId === undefined ? unknown : keyId === currentKeyId ? current : former).push(nodeId);
  }
  return { current, former, unknown };
}
