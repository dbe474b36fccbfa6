import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { showAddress, type Certificate } from '@muster/contracts';
import { Pool } from 'undici';

export interface NodeAddress {
  readonly nodeId: string;
  readonly host: string;
  readonly port: number;
  readonly certificate: Pick<Certificate, 'pem' | 'fingerprint'>;
}

/** Connections to one node at once: beyond, requests wait for one, which with as many slots does not happen. */
const MOST_CONNECTIONS = 512;
/** Kept open so long without a request; shorter when the node says so. */
const KEPT_OPEN_MS = 30_000;

/** Connections to the nodes, kept open. To each node with its pinned certificate and no other. */
export class NodePools {
  readonly #pools = new Map<string, { readonly sign: string; readonly pool: Pool }>();

  constructor(private readonly connectMs: number) {}

  /** The connections to this node, made anew when its address or certificate is another. */
  of(node: NodeAddress): Pool {
    const sign = `${node.host} ${node.port} ${node.certificate.fingerprint}`;
    const there = this.#pools.get(node.nodeId);
    if (there?.sign === sign) return there.pool;
    if (there !== undefined) void there.pool.close().catch(() => undefined);
    const pool = poolTo(node, this.connectMs);
    this.#pools.set(node.nodeId, { sign, pool });
    return pool;
  }

  /** Closes the connections to every node that is not among these, once what they carry is done. */
  keepOnly(nodeIds: ReadonlySet<string>): void {
    for (const [nodeId, { pool }] of this.#pools) {
      if (nodeIds.has(nodeId)) continue;
      this.#pools.delete(nodeId);
      void pool.close().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(({ pool }) => pool.destroy()));
    this.#pools.clear();
  }
}

/**
 * The pinned certificate is the one trusted authority, the chain must verify, and the fingerprint is compared in the place of
 * the name; see the dial of a link, which does the same.
 */
const poolTo = ({ host, port, certificate }: NodeAddress, connectMs: number): Pool =>
  new Pool(`https://${showAddress(host, port)}`, {
    connections: MOST_CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: KEPT_OPEN_MS,
    keepAliveMaxTimeout: KEPT_OPEN_MS,
    // Its own deadlines are the request's: how long a model thinks is not for a connection to judge.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: connectMs,
      allowH2: false,
      noDelay: true,
      secureContext: createSecureContext({ ca: certificate.pem, minVersion: 'TLSv1.3' }),
      rejectUnauthorized: true,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      checkServerIdentity: (_host: string, { fingerprint256 }: { fingerprint256: string }) =>
        fingerprint256 === certificate.fingerprint ? undefined : new Error('Another certificate than the pinned one'),
    },
  });
