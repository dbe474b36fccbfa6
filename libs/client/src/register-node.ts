import type { MusterClient } from './client.js';

/**
 * Looks at an address and registers what answers there, as the wizard does; gives its id. It is not linked before it is activated.
 * Throws with the words and the remedy when it is no node that lets in; rejects as `call`.
 */
export async function registerNode(client: MusterClient, name: string, host: string, port: number): Promise<string> {
  for await (const step of client.lines('verifyNode', { body: { host, port } })) {
    if (step.outcome === 'failed') throw new Error(`${host}:${port} did not verify: ${step.words} ${step.remedy}`);
    if (step.outcome !== 'verified') continue;
    const { fingerprint } = step.certificate;
    const nodeId = crypto.randomUUID();
    await client.call('registerNode', { body: { nodeId, name, host, port, fingerprint } });
    return nodeId;
  }
  throw new Error(`${host}:${port} did not verify`);
}
