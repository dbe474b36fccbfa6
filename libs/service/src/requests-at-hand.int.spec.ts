import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RequestsAtHand } from './requests-at-hand.js';

describe('a server that stops', () => {
  it('answers what it has, and tells each client that its connection ends', async () => {
    const held: ServerResponse[] = [];
    const server = createServer((_, response) => void held.push(response));
    const requests = new RequestsAtHand(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { port } = server.address() as AddressInfo;
    const ask = () =>
      new Promise<IncomingMessage>((resolve, reject) => {
        get({ host: '127.0.0.1', port, agent }, resolve).once('error', reject);
      });
    const answers = [ask()];
    while (held.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const finished = requests.finish();
    held[0]?.end('answered');
    const [answer] = await Promise.all(answers);
    answer?.resume();
    expect(answer?.headers.connection).toBe('close');
    await finished;
    await expect(ask()).rejects.toThrow('ECONNREFUSED');
    agent.destroy();
  });
});
