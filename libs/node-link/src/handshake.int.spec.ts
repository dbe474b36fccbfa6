import { createHash } from 'node:crypto';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from 'node:net';
import { createServer as createTls } from 'node:tls';
import { type WebSocket, WebSocketServer } from 'ws';
import { bareSocket, newKey, testNode, type TestNode, until } from '../test/test-node.js';
import { makeCertificate } from './certificate.js';
import { dial } from './dial.js';
import { channelBinding } from './channel-binding.js';
import { LinkError } from './link-error.js';
import { accessKeyId, makeNonce, prove } from './proof.js';

let node: TestNode;
const open: { close(): unknown }[] = [];
beforeEach(async () => {
  node = await testNode();
});
afterEach(async () => {
  for (const server of open.splice(0)) server.close();
  await node.server.close();
});

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return (server.address() as AddressInfo).port;
}

const failure = async (attempt: Promise<unknown>): Promise<{ cause: string; stage: string }> => {
  const error = await attempt.then(
    () => new Error('It linked'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof LinkError)) throw error as Error;
  return { cause: error.linkCause, stage: error.stage };
};

const serverTls = async () => {
  const { keyPem, certPem } = await makeCertificate({ hostname: 'other' });
  return { key: keyPem, cert: certPem };
};

describe('a dial', () => {
  it('passes every stage and tells what it found', async () => {
    const stages: string[] = [];
    const connection = await dial({ ...node.to, pinned: undefined }, (info) => {
      stages.push(info.stage);
      if (info.stage === 'encrypted') expect(info.certificate).toEqual(node.pinned);
    });
    expect(stages).toEqual(['port', 'encrypted', 'key', 'hardware']);
    expect(connection.hello).toEqual(node.hello);
    expect(connection.certificate).toEqual(node.pinned);
    connection.close('verified');
    await until(() => node.notices.some((notice) => notice.type === 'ended' && notice.how === 'goodbye'));
  });

  it('says refused where nothing listens', async () => {
    const port = await listening(createTcp());
    for (const server of open.splice(0)) server.close();
    expect(await failure(node.link({ port }))).toEqual({ cause: 'refused', stage: 'port' });
  });

  it('says tls where something else than TLS is spoken', async () => {
    const port = await listening(createHttp((_request, response) => response.end('hello')));
    expect(await failure(node.link({ port }))).toEqual({ cause: 'tls', stage: 'encrypted' });
  });

  it('says refused where a port takes the connection and hangs up, as one forwarded to a node that is not there', async () => {
    const ended = await listening(createTcp((socket) => socket.end()));
    expect(await failure(node.link({ port: ended }))).toEqual({ cause: 'refused', stage: 'encrypted' });
    const reset = await listening(createTcp((socket) => void socket.resetAndDestroy()));
    // The reset may overtake what told of the connection.
    expect(await failure(node.link({ port: reset }))).toMatchObject({ cause: 'refused' });
  });

  it('says timed out where a port is open and says nothing', async () => {
    const port = await listening(createTcp());
    expect(await failure(node.link({ port, deadlines: { encryptedMs: 100 } }))).toEqual({
      cause: 'timed-out',
      stage: 'encrypted',
    });
  });

  it.each([
    ['a web server', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'],
    ['a server that sends its banner', '* OK IMAP4rev1 ready\r\n'],
    ['a redirect', 'HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/link\r\nContent-Length: 0\r\n\r\n'],
    [
      'an upgrade to another protocol',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\nConnection: Upgrade\r\n\r\n',
    ],
    ['headers without end', `HTTP/1.1 101 Switching Protocols\r\nX: ${'x'.repeat(10_000)}\r\n`],
  ])('says not a node of a TLS server that is %s', async (_name, answer) => {
    const port = await listening(
      createTls(await serverTls(), (socket) =>
        socket.on('error', () => undefined).once('data', () => socket.write(answer)),
      ),
    );
    expect(await failure(node.link({ port, pinned: undefined }))).toEqual({ cause: 'not-a-node', stage: 'encrypted' });
  });

  it('says certificate changed where another certificate than the pinned one is shown, and sends nothing there', async () => {
    let heard = 0;
    const port = await listening(createTls(await serverTls(), (socket) => socket.on('data', () => (heard += 1))));
    expect(await failure(node.link({ port }))).toEqual({ cause: 'certificate-changed', stage: 'encrypted' });
    expect(heard).toBe(0);
  });

  it('says key refused with a wrong key, and the node takes no link', async () => {
    expect(await failure(node.link({ accessKey: newKey() }))).toEqual({ cause: 'key-refused', stage: 'key' });
    expect(node.server.links.size).toBe(0);
  });

  it('says version where there is none in common', async () => {
    expect(await failure(node.link({ versions: [98, 99] }))).toEqual({ cause: 'version', stage: 'key' });
  });

  it('ends at once when its signal says so', async () => {
    const port = await listening(createTcp());
    const controller = new AbortController();
    const attempt = failure(node.link({ port, signal: controller.signal }));
    controller.abort();
    expect(await attempt).toEqual({ cause: 'closed', stage: 'port' });
  });

  it('never repeats a word of what answered', async () => {
    const port = await listening(
      createTls(await serverTls(), (socket) =>
        socket.on('error', () => undefined).end('HTTP/1.1 500 sesame\r\n\r\nsesame'),
      ),
    );
    const error = await node.link({ port, pinned: undefined }).catch((reason: unknown) => reason);
    expect(JSON.stringify([String(error), error, (error as Error).cause ?? null])).not.toContain('sesame');
  });
});

describe('a false node', () => {
  /** Speaks the upgrade, then whatever `act` says. */
  const falseNode = async (act: (socket: WebSocket) => void) => {
    const https = createHttps(await serverTls());
    const upgrades = new WebSocketServer({ server: https });
    upgrades.on('connection', (socket) => {
      socket.on('error', () => undefined);
      act(socket);
    });
    return listening(https);
  };

  it('that proves with another key is refused before anything proves ours', async () => {
    const heard: string[] = [];
    const port = await falseNode((socket) =>
      socket.on('message', (data: Buffer) => {
        heard.push(data.toString());
        const bytes = makeNonce().toString('base64url');
        socket.send(JSON.stringify({ type: 'challenge', version: 1, nonce: bytes, proof: bytes }));
      }),
    );
    expect(await failure(node.link({ port, pinned: undefined }))).toEqual({ cause: 'key-refused', stage: 'key' });
    expect(heard).toHaveLength(1);
    expect(heard[0]).not.toContain(node.to.accessKey);
  });

  it.each([
    [
      'sends more than 4 KiB before it proved itself',
      (socket: WebSocket) => socket.send('x'.repeat(5_000)),
      'protocol',
    ],
    ['sends a binary frame', (socket: WebSocket) => socket.send(Buffer.from('{}')), 'protocol'],
    ['sends its hello without a proof', (socket: WebSocket) => socket.send('{"type":"hello"}'), 'protocol'],
    ['says nothing', () => undefined, 'timed-out'],
    ['closes', (socket: WebSocket) => socket.close(), 'closed'],
  ])('that %s is given up', async (_name, act, cause) => {
    const port = await falseNode(act);
    const attempt = node.link({ port, pinned: undefined, deadlines: { handshakeMs: 200 } });
    expect(await failure(attempt)).toEqual({ cause, stage: 'key' });
  });
});

describe('a false node that sends right behind the upgrade', () => {
  /** Answers the upgrade and sends bytes in the same piece. */
  const answersWith = async (bytes: Buffer) =>
    listening(
      createTls(await serverTls(), (socket) =>
        socket
          .on('error', () => undefined)
          .once('data', (request: Buffer) => {
            const key = /sec-websocket-key: (.*)\r/i.exec(request.toString())?.[1] ?? '';
            // RFC 6455 4.2.2
            const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
            const head =
              'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
              `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: muster-link\r\n\r\n`;
            socket.write(Buffer.concat([Buffer.from(head), bytes]));
          }),
      ),
    );

  it.each([
    ['what is no frame', Buffer.from([0xff, 0xff, 0xff])],
    ['a binary frame', Buffer.from([0x82, 0x01, 0x00])],
    ['invalid UTF-8', Buffer.from([0x81, 0x02, 0xff, 0xfe])],
    ['a frame of 2 MiB', Buffer.from([0x81, 0x7f, 0, 0, 0, 0, 0, 0x20, 0, 0])],
    ['more than 4 KiB', Buffer.concat([Buffer.from([0x81, 0x7e, 0x20, 0]), Buffer.alloc(8_192, 0x20)])],
  ])('%s is given up, and nothing else happens', async (_name, bytes) => {
    const port = await answersWith(bytes);
    expect(await failure(node.link({ port, pinned: undefined }))).toEqual({ cause: 'protocol', stage: 'key' });
  });
});

describe('somebody in between', () => {
  /** Ends TLS towards the Gateway with a certificate of his own and carries every frame on to the real node. */
  const relay = async () => {
    const https = createHttps(await serverTls());
    const upgrades = new WebSocketServer({ server: https });
    upgrades.on('connection', (fromGateway) => {
      void bareSocket(node.port).then(({ socket: toNode, closed }) => {
        fromGateway.on('message', (data: Buffer) => toNode.send(data.toString()));
        toNode.on('message', (data: Buffer) => fromGateway.send(data.toString()));
        void closed.then(() => fromGateway.close());
        fromGateway.on('close', () => toNode.terminate());
      });
      fromGateway.once('message', (first: Buffer) => setTimeout(() => fromGateway.emit('message', first), 50));
    });
    return listening(https);
  };

  it('gains no link: the proof holds for one TLS session alone', async () => {
    const port = await relay();
    expect(await failure(node.link({ port, pinned: undefined }))).toEqual({ cause: 'key-refused', stage: 'key' });
    expect(node.server.links.size).toBe(0);
  });

  it('is seen before that where the certificate is pinned', async () => {
    const port = await relay();
    expect(await failure(node.link({ port }))).toEqual({ cause: 'certificate-changed', stage: 'encrypted' });
  });
});

describe('a node at its port', () => {
  const said = (texts: readonly string[], n = 0) => JSON.parse(texts[n] ?? 'null') as Record<string, string>;
  const opening = (accessKey: string, nonce = makeNonce()) => ({
    type: 'open',
    versions: [1],
    nonce: nonce.toString('base64url'),
    keyId: accessKeyId(accessKey),
  });

  it('refuses a whole handshake that is replayed', async () => {
    const key = node.to.accessKey;
    const first = await bareSocket(node.port);
    const nonce = makeNonce();
    const frame = JSON.stringify(opening(key, nonce));
    first.socket.send(frame);
    await until(() => first.texts.length === 1);
    const answer = JSON.stringify({
      type: 'answer',
      proof: prove('gateway', key, {
        version: 1,
        gatewayNonce: nonce,
        nodeNonce: Buffer.from(said(first.texts)['nonce'] ?? '', 'base64url'),
        nodeId: undefined,
        exporter: channelBinding(first.tls),
      }).toString('base64url'),
    });
    first.socket.send(answer);
    await until(() => first.texts.length === 2);
    expect(said(first.texts, 1)['type']).toBe('hello');

    const second = await bareSocket(node.port);
    second.socket.send(frame);
    await until(() => second.texts.length === 1);
    second.socket.send(answer);
    expect(await second.closed).toBe(1008);
    expect(said(second.texts, 1)).toEqual({ type: 'refused', reason: 'key' });
    first.socket.terminate();
  });

  it('refuses its own proof sent back to it', async () => {
    const { socket, texts, closed } = await bareSocket(node.port);
    socket.send(JSON.stringify(opening(node.to.accessKey)));
    await until(() => texts.length === 1);
    socket.send(JSON.stringify({ type: 'answer', proof: said(texts)['proof'] }));
    expect(await closed).toBe(1008);
  });

  it.each([
    ['what is no JSON', 'nonsense', 1007],
    ['a frame of the wrong shape', '{"type":"open"}', 1007],
    ['a frame that is not due', '{"type":"ping","id":1}', 1002],
    ['a deep frame', '['.repeat(1_000), 1008],
    ['more than 4 KiB', `"${'x'.repeat(4_100)}"`, 1009],
    ['more than 1 MiB', 'x'.repeat(1024 * 1024 + 1), 1009],
    ['a binary frame', Buffer.from('{}'), 1003],
  ])('closes on %s before the handshake with the proper code, and goes on serving', async (_name, data, code) => {
    const stranger = await bareSocket(node.port);
    stranger.socket.send(data);
    // What is cut off in the middle of a large frame may be a reset instead of a close frame.
    expect([code, 1006]).toContain(await stranger.closed);
    const connection = await node.link();
    connection.close();
  });

  it('accepts both keys during a rotation, and ends the links of the one that is taken away', async () => {
    const [oldKey = ''] = node.keys;
    const key = newKey();
    node.keys.push(key);
    const before = await node.link({ accessKey: oldKey });
    const after = await node.link({ accessKey: key });
    node.keys.shift();
    node.server.dropOldKeys([accessKeyId(key)]);
    await expect(before.closed).resolves.toBe('key-refused');
    expect(await failure(node.link({ accessKey: oldKey }))).toEqual({ cause: 'key-refused', stage: 'key' });
    await expect(after.ping()).resolves.toBeGreaterThan(0);
    after.close();
  });

  it('refuses an address after five failures, but not the right key', async () => {
    for (let n = 0; n < 5; n += 1) await failure(node.link({ accessKey: newKey() }));
    const { socket, texts, closed } = await bareSocket(node.port);
    socket.send(JSON.stringify(opening(newKey())));
    await closed;
    expect(said(texts)).toEqual({ type: 'refused', reason: 'too-many-tries' });
    const connection = await node.link();
    connection.close();
  });

  it('takes no ninth link', async () => {
    const links = await Promise.all(Array.from({ length: 8 }, () => node.link()));
    expect(await failure(node.link())).toEqual({ cause: 'closed', stage: 'key' });
    for (const link of links) link.close();
  });

  it('holds no more than 32 strangers of one address, and gives up who does not prove himself', async () => {
    const strangers = await Promise.all(Array.from({ length: 32 }, () => bareSocket(node.port)));
    await expect(bareSocket(node.port)).rejects.toThrow();
    for (const { socket } of strangers) socket.terminate();
    await Promise.all(strangers.map(({ closed }) => closed));
    // The node sees the sockets closed a moment after we do.
    let late: Awaited<ReturnType<typeof bareSocket>> | undefined;
    while (late === undefined) late = await bareSocket(node.port).catch(() => undefined);
    expect(await late.closed).toBe(1006);
    await until(() => node.notices.some((notice) => notice.type === 'refused' && notice.reason === 'late'));
  }, 10_000);

  it('tells whoever asks for anything else that there is nothing', async () => {
    const { request } = await import('node:https');
    const answer = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port: node.port, rejectUnauthorized: false }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode, body }));
      });
      asked.on('error', reject).end();
    });
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body)).toMatchObject({ status: 404 });
  });
});
