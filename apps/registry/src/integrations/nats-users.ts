import { open, readFile, rename } from 'node:fs/promises';
import { natsUserOf, outsiderPermissions } from '@muster/contracts';
import type { IntegrationRow } from './integrations.table.js';

type Let = Pick<IntegrationRow, 'integrationId' | 'streams' | 'doors' | 'natsHash' | 'suspended'>;

/** Whether an integration is a user of NATS now. */
export const isNatsUser = ({ doors, suspended }: Pick<Let, 'doors' | 'suspended'>): boolean =>
  suspended === null && doors.includes('nats');

/** The users of outsiders as nats-server's configuration has them, one a line: JSON is its language too. Pure. */
export const natsUsersText = (integrations: readonly Let[]): string =>
  integrations
    .filter(isNatsUser)
    .map(({ integrationId, natsHash, streams }) => {
      const user = natsUserOf(integrationId);
      const { publish, subscribe } = outsiderPermissions(user, streams);
      const permissions = { publish: { allow: publish }, subscribe: { allow: subscribe } };
      return `${JSON.stringify({ user, password: natsHash, permissions })}\n`;
    })
    .join('');

/**
 * Writes the users of outsiders for whoever has NATS reload them: whole or not at all, no secret in it, for its owner and group.
 * Resolves with whether they were others before.
 */
export async function writeNatsUsers(path: string, text: string): Promise<boolean> {
  const before = await readFile(path, 'utf8').catch(() => undefined);
  if (before === text) return false;
  const half = `${path}.new`;
  const file = await open(half, 'w', 0o640);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(half, path);
  return true;
}
