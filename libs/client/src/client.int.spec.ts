import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { MusterClient, NoAnswerError, ProblemError, UnexpectedAnswerError } from './index.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that answers call after call by this list, the last one for ever, and what it was asked. */
async function serving(
  ...answers: Answer[]
): Promise<{ client: MusterClient; seen: IncomingMessage[]; server: Server }> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    request.resume();
    request.on('end', () => {
      (answers[seen.length - 1] ?? answers.at(-1))?.(request, response);
    });
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const retries = { times: 2, firstMs: 1, longestMs: 20 };
  return { client: new MusterClient({ address, apiKey: 'msk_key', retries, withinMs: 2_000 }), seen, server };
}
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
const problem = (status: number, code: string, more: object = {}, headers: Record<string, string> = {}): Answer =>
  json(status, { type: `urn:muster:problem:${code}`, title: 'No.', status, code, ...more }, headers);
const lines =
  (...all: unknown[]): Answer =>
  (_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.end(all.map((line) => `${JSON.stringify(line)}\n`).join(''));
  };
const breaksOff: Answer = (_, response) => {
  response.destroy();
};
const nodeId = '0f8fad5b-d9cb-469f-a165-70867728950e';

const gathered = async <T>(all: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const each of all) found.push(each);
  return found;
};

describe('a call of the typed client', () => {
  it('goes to the path of its route with its parameters, its key and the version that it was decided on', async () => {
    const { client, seen } = await serving(json(200, { version: 4 }));
    expect(await client.call('changeNode', { params: { nodeId }, body: { name: 'gpu-05' }, ifMatch: 3 })).toEqual({
      version: 4,
    });
    expect(seen[0]).toMatchObject({
      method: 'PATCH',
      url: `/api/nodes/${nodeId}`,
      headers: { authorization: 'Bearer msk_key', 'if-match': '"3"', 'content-type': 'application/json' },
    });
    expect(seen[0]?.headers['muster-command-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is sent again after an outage under the same command id, and waits as it is told', async () => {
    const away = problem(503, 'outage', {}, { 'retry-after': '0' });
    const { client, seen } = await serving(away, breaksOff, json(200, { version: 2 }));
    expect(await client.call('activateNode', { params: { nodeId } })).toEqual({ version: 2 });
    expect(seen).toHaveLength(3);
    expect(new Set(seen.map(({ headers }) => headers['muster-command-id'])).size).toBe(1);
  });

  it('is given up after its retries, with the problem or without an answer', async () => {
    const away = await serving(problem(503, 'outage'));
    await expect(away.client.call('listNodes')).rejects.toMatchObject({ code: 'outage', status: 503 });
    expect(away.seen).toHaveLength(3);
    const gone = await serving(breaksOff);
    const commandId = '6a4e9a52-1c7b-4d7e-8f0a-9b8d7c6e5f40';
    const failed = await gone.client.call('activateNode', { params: { nodeId }, commandId }).catch((e: unknown) => e);
    expect(failed).toBeInstanceOf(NoAnswerError);
    expect(failed).toMatchObject({ commandId });
    expect(gone.seen).toHaveLength(3);
  });

  it('is refused at once, with code, fields and the version that won', async () => {
    const { client, seen } = await serving(
      problem(409, 'version-conflict', { currentVersion: 7, fields: [{ field: 'name', words: 'Taken.' }] }),
    );
    const refused = await client.call('removeNode', { params: { nodeId }, ifMatch: 3 }).catch((e: unknown) => e);
    expect(refused).toBeInstanceOf(ProblemError);
    expect(refused).toMatchObject({ code: 'version-conflict', status: 409, currentVersion: 7, field: 'name' });
    expect(seen).toHaveLength(1);
  });

  it('trusts no answer that is not the reply of its route', async () => {
    const { client } = await serving(json(200, { nodes: 'many' }));
    await expect(client.call('listNodes')).rejects.toBeInstanceOf(UnexpectedAnswerError);
    const page = await serving((_, response) => response.end('<html>'));
    await expect(page.client.call('listNodes')).rejects.toBeInstanceOf(UnexpectedAnswerError);
    const proxy = await serving(json(404, { error: 'no such page' }));
    await expect(proxy.client.call('listNodes')).rejects.toMatchObject({ name: 'UnexpectedAnswerError', status: 404 });
  });

  it('ends when it is not answered in time, and when its caller does not want it any more', async () => {
    const silent: Answer = () => undefined;
    const { client, server } = await serving(silent);
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const hasty = new MusterClient({ address, withinMs: 20, retries: { times: 1, firstMs: 1, longestMs: 1 } });
    await expect(hasty.call('listNodes')).rejects.toBeInstanceOf(NoAnswerError);
    const leaving = AbortSignal.abort(new Error('left'));
    await expect(client.call('listNodes', { signal: leaving })).rejects.toThrow('left');
  });

  it('is not led to another server, where its key has no business', async () => {
    const { client, seen } = await serving((_, response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    });
    await expect(client.call('listNodes')).rejects.toBeInstanceOf(NoAnswerError);
    expect(seen.every(({ url }) => url === '/api/nodes')).toBe(true);
  });
});

describe('an answer line by line', () => {
  const passed = { outcome: 'passed', stage: 'name', tookMs: 3, words: 'Found', detail: '10.0.4.17' };
  const address = { host: 'gpu-04.lab', port: 8022 };

  it('gives each line as what it is', async () => {
    const { client } = await serving(lines(passed, passed));
    expect(await gathered(client.lines('verifyNode', { body: address }))).toEqual([passed, passed]);
  });

  it('ends with the problem that its last line is', async () => {
    const broken = { type: 'urn:muster:problem:outage', title: 'Away.', status: 503, code: 'outage' };
    const { client } = await serving(lines(passed, broken));
    const seen: unknown[] = [];
    const read = async () => {
      for await (const step of client.lines('verifyNode', { body: address })) seen.push(step);
    };
    await expect(read()).rejects.toMatchObject({ code: 'outage' });
    expect(seen).toEqual([passed]);
  });

  it('is taken back by leaving the loop', async () => {
    const closed: boolean[] = [];
    const { client } = await serving((_, response) => {
      response.on('close', () => closed.push(!response.writableEnded));
      response.writeHead(200).write(`${JSON.stringify(passed)}\n`);
    });
    for await (const step of client.lines('verifyNode', { body: address })) {
      expect(step).toEqual(passed);
      break;
    }
    while (closed.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(closed).toEqual([true]);
  });
});

describe('the facts', () => {
  const fact = (n: number) => ({
    ...{ specversion: '1.0', id: `f${n}`, type: 'muster.fleet.node.renamed', source: '/muster/registry' },
    ...{ subject: 'node', time: '2026-11-23T12:00:00.000Z', datacontenttype: 'application/json' },
    ...{ facttype: 'NodeRenamed', data: {}, after: `F${n}` },
  });

  it('go on page after page, from behind the last one that came', async () => {
    const { client, seen } = await serving(lines(fact(1), fact(2)), breaksOff, lines(fact(3)));
    const ids: string[] = [];
    for await (const { id } of client.events({ after: '0', streams: 'FLEET' })) {
      ids.push(id);
      if (ids.length === 3) break;
    }
    expect(ids).toEqual(['f1', 'f2', 'f3']);
    expect(seen.map(({ url }) => new URL(url ?? '', 'http://any').searchParams.get('after'))).toEqual([
      '0',
      'F2',
      'F2',
    ]);
  });

  it('end with the place to go on from when those after a position are not kept', async () => {
    const { client } = await serving(problem(410, 'position-too-old', { oldest: 'F90', missed: [] }));
    await expect(client.events({ after: 'F1' }).next()).rejects.toMatchObject({ problem: { oldest: 'F90' } });
  });
});
