import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '@muster/testing';
import type { ExternalServer, ExternalServers } from '../external-server.js';
import { type PlayedServer, playedServer } from '../testing/played.fixture.js';
import { watchServers } from './watch-servers.js';

const EVERY_MS = 50;
const playing: PlayedServer[] = [];
const watching: ExternalServers[] = [];
afterEach(async () => {
  await Promise.all(watching.splice(0).map((one) => one.stop()));
  await Promise.all(playing.splice(0).map((one) => one.kill()));
});

async function played(...given: Parameters<typeof playedServer>): Promise<PlayedServer> {
  const server = await playedServer(...given);
  playing.push(server);
  return server;
}
function watch(options: Partial<Parameters<typeof watchServers>[0]>) {
  const said: string[] = [];
  const seen: (readonly ExternalServer[])[] = [];
  const servers = watchServers({
    configured: [],
    ports: [],
    everyMs: EVERY_MS,
    log: (_level, text) => said.push(text),
    changed: (now) => seen.push(now),
    ...options,
  });
  watching.push(servers);
  return { servers, said, seen };
}
const first = (servers: ExternalServers): Promise<ExternalServer> =>
  until(
    () => servers.current()[0] as ExternalServer,
    (server) => (server as ExternalServer | undefined) !== undefined,
    { withinMs: 20_000 },
  );

describe('Servers that are here before us', () => {
  it('are found on the known ports, with their load, and are gone when they are gone', async () => {
    const { port, origin, kill } = await played('vllm', ['--model', 'big-model']);
    const { servers, said } = watch({ ports: [port] });
    expect(await first(servers)).toMatchObject({
      id: origin,
      kind: 'vllm',
      version: '0.99.0',
      models: [{ name: 'big-model', kind: 'chat', contextTokens: 8192 }],
      health: { inFlight: 3, queued: 2, generatedTokens: 1000 },
    });
    await kill();
    await until(
      () => servers.current().length,
      (length) => length === 0,
      { withinMs: 20_000 },
    );
    expect(said).toEqual([
      `vLLM 0.99.0 answers at ${origin} with 1 models`,
      expect.stringContaining(`vLLM 0.99.0 at ${origin} is gone`),
    ]);
  });

  it('are Ollama, with what it has and what of it is loaded', async () => {
    const { port } = await played('ollama');
    const server = await first(watch({ ports: [port] }).servers);
    expect(server).toMatchObject({ kind: 'ollama', version: '0.50.0' });
    expect(server.models).toEqual([
      {
        name: 'chatty:8b',
        kind: 'chat',
        family: 'llama',
        parameters: '8.0B',
        quantisation: 'Q4_K_M',
        sizeBytes: 4_000_000_000,
        loaded: true,
        vramBytes: 5_000_000_000,
        contextTokens: 4096,
      },
      {
        name: 'nomic-embed-text:latest',
        kind: 'embedding',
        family: 'nomic-bert',
        parameters: '137M',
        sizeBytes: 270_000_000,
        loaded: false,
      },
    ]);
  });

  it('are LM Studio, or any other that speaks the API', async () => {
    const studio = await played('lm-studio');
    const plain = await played('plain', ['--model', 'whatever']);
    const { servers } = watch({ ports: [studio.port, plain.port] });
    await until(
      () => servers.current().length,
      (length) => length === 2,
      { withinMs: 20_000 },
    );
    expect(servers.current()).toMatchObject([
      { kind: 'lm-studio', models: [{ name: 'studio-model', family: 'qwen2', loaded: false, contextTokens: 32768 }] },
      { kind: 'openai', models: [{ name: 'whatever' }] },
    ]);
  });

  it('are told the key of a named address, and the key is nowhere else', async () => {
    const { origin } = await played('plain', ['--key', 'very-secret']);
    const headers = { authorization: 'Bearer very-secret' };
    const { servers, said } = watch({ configured: [{ origin, headers }] });
    expect((await first(servers)).address.headers).toEqual(headers);
    expect((await first(servers)).id).toBe(origin);
    expect(said.join()).not.toContain('very-secret');
  });

  it('are named in the log once when they do not answer, and not at all where nobody named them', async () => {
    const { origin, port, kill } = await played('plain', ['--key', 'k']);
    const { said } = watch({ configured: [{ origin }], ports: [1] });
    await until(
      () => said.length,
      (length) => length === 1,
      { withinMs: 20_000 },
    );
    expect(said).toEqual([`${origin} asks for a key, and does not take ours`]);
    await kill();
    await until(
      () => said.length,
      (length) => length === 2,
      { withinMs: 20_000 },
    );
    expect(said[1]).toContain('ECONNREFUSED');
    expect(said[1]).toContain(String(port));
  });

  it('are not Muster itself, nor what answers something else', async () => {
    let asked = 0;
    const answers = [
      JSON.stringify({ data: [{ id: 'x', owned_by: 'muster' }] }),
      '<html>',
      JSON.stringify({ data: 'no list' }),
      `"${'x'.repeat(5 * 1024 * 1024)}"`,
    ];
    const server = createServer((request, response) => {
      if (request.url === '/v1/models') asked += 1;
      response.end(answers[asked % answers.length]);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { servers, seen } = watch({ ports: [(server.address() as AddressInfo).port] });
    await until(
      () => asked,
      (times) => times > 2 * answers.length,
      { withinMs: 20_000 },
    );
    expect(servers.current()).toEqual([]);
    expect(seen).toEqual([]);
    await new Promise((resolve) => server.close(resolve));
  });
});
