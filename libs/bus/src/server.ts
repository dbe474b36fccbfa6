import type { ServerInfo } from '@nats-io/transport-node';

/** What this is built and tested against. Older ones lack what the streams need. */
const OLDEST = [2, 9, 10] as const;

/** Throws when a server is too old, or runs without what Muster needs. The words say what to do. */
export function refuseUnfitServer(info: Pick<ServerInfo, 'version' | 'headers' | 'jetstream'> | undefined): void {
  if (info === undefined) throw new Error('The NATS server did not say what it is');
  if (isOlder(info.version))
    throw new Error(`The NATS server is version ${info.version}; ${OLDEST.join('.')} or newer is needed`);
  if (info.headers !== true) throw new Error('The NATS server does not carry headers; allow them in its configuration');
  if (info.jetstream !== true) throw new Error('The NATS server runs without JetStream; start it with --jetstream');
}

function isOlder(version: string): boolean {
  const parts = version
    .replace(/^v/, '')
    .split(/[.-]/)
    .map((part) => Number.parseInt(part, 10));
  for (const [index, oldest] of OLDEST.entries()) {
    const part = parts[index] ?? 0;
    if (Number.isNaN(part)) return true;
    if (part !== oldest) return part < oldest;
  }
  return false;
}
