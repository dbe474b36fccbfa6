import { Agent, request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { SimulatedNode } from './simulated-node.js';
import { until } from './until.js';

let node: SimulatedNode;
beforeEach(async () => {
  node = await SimulatedNode.start({ everyMs: 0 });
  node.setExecutors({ executorId: 'e1', model: 'tiny', state: 'online', slots: 1, inFlight: 0, queued: 0 });
});
afterEach(() => node.stop());

const call = (path: string, body?: object, ticket = node.ticketOf()) => {
  const sent = request({
    host: node.host,
    port: node.port,
    path,
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${ticket}` },
    agent: new Agent({ ca: node.certificate.pem, checkServerIdentity: () => undefined }),
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.on('error', reject);
  });
  sent.end(body && JSON.stringify(body));
  return { sent, answered };
};
const textOf = async (message: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const part of message) text += String(part);
  return text;
};
const chat = { model: 'tiny', messages: [], stream: true };

describe('the inference of a simulated node', () => {
  it('streams its tokens to whoever has the ticket, and is refused to anybody else', async () => {
    const response = await call('/v1/chat/completions', { ...chat, stream_options: { include_usage: true } }).answered;
    const text = await textOf(response);
    expect(text.match(/"content":"([^"]*)"/g)).toHaveLength(5);
    expect(text).toContain('"completion_tokens":5');
    expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
    await until(() => node.calls.at(-1)?.ended === 'answered');
    expect(node.calls).toMatchObject([{ path: '/v1/chat/completions', sent: 5 }]);
    expect((await call('/v1/models', undefined, 'wrong').answered).statusCode).toBe(401);
    expect(await textOf(await call('/v1/models').answered)).toContain('"id":"tiny"');
    const former = node.ticketOf();
    node.renewTicket();
    expect((await call('/v1/models', undefined, former).answered).statusCode).toBe(401);
  });

  it('dies, stalls and refuses by script, and sees when it is left', async () => {
    node.setInference({ diesAfterTokens: 2 });
    await expect(call('/v1/chat/completions', chat).answered.then(textOf)).rejects.toThrow();
    expect(node.calls.at(-1)).toMatchObject({ ended: 'died', sent: 2 });
    node.setInference({ diesAfterTokens: 0 });
    await expect(call('/v1/chat/completions', chat).answered).rejects.toThrow();
    node.setInference({ refuses: { status: 503, retryAfterSeconds: 3 } });
    const refused = await call('/v1/chat/completions', chat).answered;
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '3']);
    node.setInference({ firstTokenMs: 'never' });
    const { sent, answered } = call('/v1/chat/completions', chat);
    answered.catch(() => undefined);
    await until(() => node.inFlight === 1);
    sent.destroy();
    await until(() => node.calls.at(-1)?.ended === 'left');
  });
});
