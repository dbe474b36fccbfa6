import { randomUUID } from 'node:crypto';
import { COMMAND_ID_HEADER, type NodeView } from '@muster/contracts';
import { until } from '@muster/testing';
import type { Muster } from './muster.js';

/** An administrator without a page: for what is tested of the doors beside the console. */
export class Administrator {
  private constructor(
    private readonly address: string,
    readonly cookie: string,
  ) {}

  /** Makes the first account. */
  static async first({ address, code }: Muster): Promise<Administrator> {
    const made = await new Administrator(address, '').send('POST', '/api/first-account', {
      ...{ code, name: 'ada', password: 'correct horse battery staple' },
    });
    if (made.status !== 201) throw new Error(`The first account could not be made: ${await made.text()}`);
    const [cookie = ''] = (made.headers.get('set-cookie') ?? '').split(';', 1);
    return new Administrator(address, cookie);
  }

  send(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(new URL(path, this.address), {
      method,
      headers: {
        ...{ cookie: this.cookie, origin: new URL(this.address).origin, [COMMAND_ID_HEADER]: randomUUID() },
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** The first node, once it is green. */
  async greenNode(): Promise<NodeView> {
    const node = await until(
      async () => ((await (await this.send('GET', '/api/nodes')).json()) as { nodes: NodeView[] }).nodes[0],
      (first) => first?.status.colour === 'green',
      { withinMs: 60_000 },
    );
    if (node === undefined) throw new Error('There is no node');
    return node;
  }

  /** A new API key with these permissions. */
  async key(...permissions: string[]): Promise<string> {
    const made = await this.send('POST', '/api/keys', { keyId: randomUUID(), name: 'program', permissions });
    return ((await made.json()) as { key: string }).key;
  }
}
