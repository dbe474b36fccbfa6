import { randomUUID } from 'node:crypto';
import type { MusterClient } from '@muster/client';

/** Looks at the address and registers what answers, as the wizard does. Returns its id. */
export async function registerNode(client: MusterClient, name: string, host: string, port: number): Promise<string> {
  for await (const step of client.lines('verifyNode', { body: { host, port } })) {
    if (step.outcome === 'failed') throw new Error(`${host}:${port} did not verify: ${JSON.stringify(step)}`);
    if (step.outcome !== 'verified') continue;
    const { fingerprint } = step.certificate;
    const nodeId = randomUUID();
    await client.call('registerNode', { body: { nodeId, name, host, port, fingerprint } });
    return nodeId;
  }
  throw new Error(`${host}:${port} did not verify`);
}
