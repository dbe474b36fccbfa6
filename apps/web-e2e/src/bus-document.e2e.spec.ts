import { randomBytes, randomUUID } from 'node:crypto';
import { MusterClient, ProblemError, registerNode } from '@muster/client';
import { CloudEvent } from 'cloudevents';
import { faultProxy, SimulatedNode, until } from '@muster/testing';
import { BusDocument } from './harness/bus-document.js';
import { Muster } from './harness/muster.js';
import { OpenAiServer } from './harness/open-ai-server.js';
import { type Recorded, Recorder } from './harness/recorder.js';

const MODEL = 'tiny-chat';
const SERVED_BY_NODE = 'simulated-chat';
const admin = { name: 'admin', password: 'a password for the bus' };
const within60 = { withinMs: 60_000, everyMs: 100 };

/** Fields that may be absent, and are absent here: each with the reason. A message that never comes has no place in this list. */
const neverHere: readonly { readonly why: string; readonly fields: readonly string[] }[] = [
  {
    why: 'An order that is given with an API key says whose it is.',
    fields: ['Actor.owner', 'Actor.owner.id', 'Actor.owner.name'],
  },
  {
    why: "An engine of the machine's own tells it, and the simulated node has none.",
    fields: [
      'Executor.contextTokens',
      'Executor.failure',
      'Executor.parameters',
      'Executor.progress',
      'Executor.run',
      'Executor.startedAt',
      'ExecutorFailure.exitCode',
      'ExecutorFailure.signal',
      'ExecutorFailure.words',
      'ExecutorParameters.autostart',
      'ExecutorParameters.batchTokens',
      'ExecutorParameters.contextTokens',
      'ExecutorParameters.description',
      'ExecutorParameters.gpuBackend',
      'ExecutorParameters.gpuLayers',
      'ExecutorParameters.idleUnloadMinutes',
      'ExecutorParameters.slots',
      'ExecutorParameters.threads',
      'ExecutorSample.memoryBytes',
      'ExecutorSample.tokensPerSecond',
      'ExecutorSample.vramBytes',
      'LogLine.executorId',
      'LogLine.executorRun',
    ],
  },
  {
    why: 'Only two parameters are set here.',
    fields: [
      'SomeParameters.autostart',
      'SomeParameters.batchTokens',
      'SomeParameters.contextTokens',
      'SomeParameters.gpuBackend',
      'SomeParameters.gpuLayers',
      'SomeParameters.idleUnloadMinutes',
      'SomeParameters.threads',
    ],
  },
  {
    why: 'It takes a flood of changes within a minute.',
    fields: ['ExecutorChanged.leftOut', 'NodeStatusChanged.leftOut'],
  },
  { why: 'The state of before is not known of what is new.', fields: ['ExecutorChanged.from'] },
  {
    why: 'It takes a second node that could serve the same model, and one that fails in the middle.',
    fields: [
      'FailedTry.error',
      'FailedTry.executorId',
      'FailedTry.nodeId',
      'RequestFinished.failedTries',
      'RequestView.failedTries',
      'Figures.concurrency.balance',
    ],
  },
  {
    why: 'Put once a second, so that a short request may fall between.',
    fields: [
      'Figures.concurrency.mostAt',
      'RequestView.queueMs',
      'RequestView.firstTokenMs',
      'RequestView.endedAt',
      'RequestView.tokensIn',
      'RequestView.tokensOut',
    ],
  },
  {
    why: 'The machine of the test has no sensor for it.',
    fields: ['GpuSample.powerWatts', 'GpuSample.temperatureCelsius'],
  },
  { why: 'A line longer than 8 KiB is cut.', fields: ['LogLine.cutBytes'] },
  {
    why: 'A file that is broken, and a node that reports an error.',
    fields: ['Model.problem', 'NodeCondition.message'],
  },
  {
    why: 'Traces are kept only where somebody takes them.',
    fields: ['FactHeaders.ce-traceparent', 'FactMeta.traceparent', 'RequestFactHeaders.ce-traceparent'],
  },
];

jest.setTimeout(300_000);

/**
 * The committed document against the wire: the real system is driven through its doors until everything that there is has happened,
 * and all that went over the bus meanwhile is held against the document. Whoever adds a fact, a lane or a bucket adds the step
 * here that makes it happen.
 */
describe('the document of the bus', () => {
  let document: BusDocument;
  let engine: OpenAiServer;
  let muster: Muster;
  let recorder: Recorder;
  let node: SimulatedNode;
  let console: MusterClient;
  let nodeId = '';
  const everything: Recorded[] = [];
  const closes: (() => Promise<void>)[] = [];

  /** Whether a message on a subject that fits has come. */
  const heard = (subject: RegExp, withinMs = 30_000) =>
    until(() => recorder.messages.some((message) => subject.test(message.subject)), undefined, {
      withinMs,
      everyMs: 50,
    });
  const facts = () => everything.filter(({ headers }) => 'ce-id' in headers);

  beforeAll(async () => {
    document = await BusDocument.read();
    engine = await OpenAiServer.start(MODEL, 1);
    closes.push(() => engine.stop());
    muster = await Muster.start({ MUSTER_ENGINE_URLS: engine.url });
    closes.push(() => muster.remove());
    recorder = await Recorder.start(await muster.bus());
    closes.push(() => recorder.stop());
    console = new MusterClient({ address: () => muster.address });
    await console.call('createFirstAccount', { body: { code: muster.code ?? '', ...admin } });
    await accounts();
    await settings();
    await nodes();
    await executors();
    await keysAndRequests();
    await deadLetter();
    await health();
    await integrations();
    await webhooks();
    everything.push(...recorder.messages, ...(await recorder.stored()));
  });
  afterAll(async () => {
    for (const close of closes.reverse()) await close();
  });

  /** Everything that can be decided about an account. */
  async function accounts(): Promise<void> {
    const guest = new MusterClient({ address: () => muster.address });
    const accountId = randomUUID();
    const params = { accountId };
    const password = 'a password for guests';
    const guestAccount = { accountId, name: 'guest', password, permissions: ['fleet:view' as const] };
    await console.call('createAccount', { body: guestAccount });
    await guest.call('signIn', { body: { name: 'guest', password } });
    await guest.call('signOut');
    await console.call('changeAccount', { params, body: { name: 'visitor' } });
    const permissions = ['fleet:view', 'keys:manage', 'playground:use'] as const;
    await console.call('changeAccount', { params, body: { permissions: [...permissions] } });
    await console.call('setPassword', { params, body: { password: 'another password for guests' } });
    await console.call('disableAccount', { params });
    await console.call('enableAccount', { params });
    await until(
      () => refusalOf(guest.call('signIn', { body: { name: 'visitor', password: 'wrong' } })),
      (code) => code === 'too-many-tries',
      within60,
    );
    const key = { keyId: randomUUID(), name: 'of a visitor', ownerId: accountId, permissions: ['inference' as const] };
    await console.call('createApiKey', { body: key });
    await console.call('deleteAccount', { params });
    await heard(new RegExp(`^muster\\.access\\.key\\.${key.keyId}\\.revoked$`));
  }

  /** Everything that can be set, and set back. */
  async function settings(): Promise<void> {
    await console.call('changeSettings', { body: { delayedThresholdMs: 12_000 } });
    await console.call('changeSettings', { body: { inferenceOpen: true } });
    await console.call('changeSettings', {
      body: {
        dial: { loopback: true, private: true, ports: { from: 1_024, to: 65_000 } },
      },
    });
    await console.call('changeSettings', {
      body: { retention: { requestsDays: 20, rollUpsDays: 20, logLinesDays: 5 } },
    });
    await console.call('changeSettings', { body: { allowedOrigins: ['https://muster.lab'] } });
    await console.call('changeSettings', { body: { allowedOrigins: [] } });
    await console.call('changeSettings', {
      body: {
        dial: { loopback: true, private: true, ports: { from: 1_024, to: 65_535 } },
      },
    });
  }

  /** A node that is registered, renamed, moved, and shows another certificate; and a second one that is removed. */
  async function nodes(): Promise<void> {
    node = await SimulatedNode.start({ accessKey: await muster.accessKey() });
    closes.push(() => node.stop());
    const proxy = await faultProxy({ host: node.host, port: node.port });
    closes.push(() => proxy.close());
    nodeId = await addNode('bus-node', 'localhost', node.port);
    await status('green');
    await console.call('changeNode', { params: { nodeId }, body: { name: 'renamed-node' } });
    const fingerprint = node.certificate.fingerprint;
    const address = { host: 'localhost', port: proxy.port, fingerprint };
    await console.call('changeNode', { params: { nodeId }, body: { address } });
    await status('green');
    await console.call('deactivateNode', { params: { nodeId } });
    const certificate = await node.newCertificate();
    await console.call('activateNode', { params: { nodeId } });
    await reason('certificate-changed');
    await console.call('pinCertificate', { params: { nodeId }, body: { fingerprint: certificate.fingerprint } });
    await status('green');

    const other = await SimulatedNode.start({ accessKey: await muster.accessKey() });
    const otherId = await addNode('removed-node', 'localhost', other.port);
    for (const bucket of ['NODES', 'MODELS']) await heard(new RegExp(`^\\$KV\\.${bucket}\\.${otherId}$`));
    await console.call('removeNode', { params: { nodeId: otherId } });
    for (const bucket of ['NODES', 'MODELS'])
      await until(
        () => recorder.messages.some(({ subject, body }) => subject === `$KV.${bucket}.${otherId}` && body === ''),
        undefined,
        { withinMs: 30_000 },
      );
    await other.stop();
  }

  /** An executor from its model to its failure, with everything that can be said of one. */
  async function executors(): Promise<void> {
    node.setModels({
      modelId: 'folder/simulated.gguf',
      name: SERVED_BY_NODE,
      source: 'file',
      kind: 'chat',
      title: 'Simulated',
      family: 'llama',
      parameters: 1_000_000,
      quantisation: 'Q4_K_M',
      contextLength: 4_096,
      sizeBytes: 1_000_000,
      parts: 2,
      path: '/models/folder/simulated.gguf',
      memory: {
        layers: 2,
        layersBytes: 600_000,
        inputBytes: 100_000,
        outputBytes: 100_000,
        sharedOutput: false,
        cacheBytesPerToken: 64,
        window: { tokens: 512, cacheBytesPerToken: 32 },
        stateBytesPerSlot: 0,
        width: 64,
        feedForward: 128,
        heads: 4,
        vocabulary: 1_000,
      },
    });
    await heard(new RegExp(`^\\$KV\\.MODELS\\.${nodeId}$`));
    const start = { modelId: 'folder/simulated.gguf', parameters: { slots: 1, description: 'for the bus' } };
    await until(() => console.call('startExecutor', { params: { nodeId }, body: start }), undefined, within60);
    await heard(new RegExp(`^muster\\.health\\.node\\.${nodeId}\\.executor-changed$`));
  }

  async function keysAndRequests(): Promise<void> {
    const api = /Applications send requests to (\S+)/.exec(muster.output)?.[1] ?? '';
    const keyId = randomUUID();
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    const limits = { concurrent: 10, requestsPerMinute: 1_000, tokensPerMinute: 1_000_000 };
    const models = [MODEL, SERVED_BY_NODE];
    const permissions = ['inference' as const, 'fleet:read' as const];
    const given = { keyId, name: 'bus', permissions, models, expiresAt, limits };
    const { key } = await console.call('createApiKey', { body: given });
    const ask = (model: string, more: { key?: unknown; stream?: boolean } = {}): Promise<Response> =>
      fetch(`${api}/chat/completions`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...('key' in more ? { authorization: `Bearer ${String(more.key)}` } : {}),
        },
        body: JSON.stringify({ model, stream: more.stream ?? false, messages: [{ role: 'user', content: 'Hello' }] }),
      });
    // Router and node have to have heard of each other.
    for (const model of models)
      await until(
        async () => (await ask(model, { key })).status,
        (code) => code === 200,
        within60,
      );
    await (await ask(SERVED_BY_NODE, { stream: true })).text();
    await (await ask('no-such-model', { key })).text();

    // One slot: the second waits for it.
    engine.hold();
    const answers = [ask(MODEL, { key }), ask(MODEL, { key })];
    await heard(/^muster\.request\.started\.none$/);
    engine.letGo();
    await Promise.all(answers);
    await heard(/^muster\.request\.dispatched\./);
    engine.fail(true);
    await (await ask(MODEL, { key })).text();
    engine.fail(false);

    const later = new Date(Date.now() + 172_800_000).toISOString();
    const changed = { name: 'the bus', models: null, expiresAt: later, limits: null };
    await console.call('changeApiKey', { params: { keyId }, body: changed });
    await console.call('revokeApiKey', { params: { keyId } });
    await console.call('changeSettings', { body: { inferenceOpen: false } });
    await console.call('changeSettings', { body: { inferenceOpen: true } });
  }

  async function integrations(): Promise<void> {
    const integrationId = randomUUID();
    const params = { integrationId };
    const { secret } = await console.call('createIntegration', {
      body: { integrationId, name: 'bus reader', streams: ['FLEET'], doors: ['http'] },
    });
    await readsOverHttp(secret, new RegExp(`\\.${integrationId}\\.reading$`));
    await console.call('changeIntegration', {
      ...{ params, body: { name: 'fleet reader', streams: ['FLEET', 'HEALTH'], doors: ['nats', 'http'] } },
    });
    await console.call('replaceIntegrationSecret', { params });
    await console.call('suspendIntegration', { params, body: { reason: 'for a moment' } });
    await console.call('resumeIntegration', { params });
    await console.call('revokeIntegration', { params });
    await heard(new RegExp(`\\.${integrationId}\\.revoked$`));
  }

  /** A stream, a call and one that is refused, until the gateway has told of them all. */
  async function readsOverHttp(secret: string, subject: RegExp): Promise<void> {
    const leave = new AbortController();
    const read = (query: string, accept: string) =>
      fetch(`${muster.address}/api/events?${query}`, {
        headers: { authorization: `Bearer ${secret}`, accept },
        signal: leave.signal,
      });
    await until(
      async () => (await read('after=0&limit=1', 'application/x-ndjson')).status,
      (status) => status === 200,
      within60,
    );
    expect((await read('after=F999999', 'application/x-ndjson')).status).toBe(400);
    const stream = (await read('streams=FLEET', 'text/event-stream')).text().catch(() => undefined);
    await until(
      () => recorder.messages.filter((message) => subject.test(message.subject)).map(({ body }) => body),
      (bodies) => bodies.some((body) => ['since', 'lastCall', 'in the future'].every((each) => body.includes(each))),
      within60,
    );
    leave.abort();
    await stream;
  }

  /** A receiver of facts elsewhere, which nobody has to answer for its facts to be told. */
  async function webhooks(): Promise<void> {
    const webhookId = randomUUID();
    const params = { webhookId };
    const url = `${engine.url}/facts`;
    await console.call('createWebhook', {
      body: { webhookId, name: 'bus hook', url, streams: ['FLEET'], types: [], from: 'start' },
    });
    await console.call('changeWebhook', {
      params,
      body: { name: 'fleet hook', url: `${url}/here`, streams: ['HEALTH'], types: ['NodeLost'] },
    });
    await console.call('replaceWebhookSecret', { params });
    await console.call('pauseWebhook', { params, body: { reason: 'for a moment' } });
    await console.call('resumeWebhook', { params });
    await console.call('replayWebhook', { params, body: { from: 'start' } });
    await console.call('removeWebhook', { params });
    await heard(new RegExp(`\\.${webhookId}\\.removed$`));
  }

  /** Something that says it is a fact and is none: whoever counts requests gives it up. */
  async function deadLetter(): Promise<void> {
    recorder.say(RUBBISH_ON, RUBBISH);
    await heard(/^muster\.dead-letter\./);
  }

  /** Last, for it turns nodes red. Of one node at most six facts a minute are told, so each thing happens to a node of its own. */
  async function health(): Promise<void> {
    const accessKey = await muster.accessKey();
    const others = await Promise.all([SimulatedNode.start({ accessKey }), SimulatedNode.start({ accessKey })]);
    for (const other of others) closes.push(() => other.stop());
    const [noisy, lost] = others;
    const noisyId = await addNode('noisy-node', 'localhost', noisy.port);
    const lostId = await addNode('lost-node', 'localhost', lost.port);
    noisy.log('a line', 'warning', 'engine');
    await heard(new RegExp(`^muster\\.sample\\.node\\.${noisyId}\\.log$`));
    await heard(new RegExp(`^muster\\.health\\.node\\.${noisyId}\\.connected$`));
    await heard(new RegExp(`^muster\\.health\\.node\\.${lostId}\\.connected$`));
    noisy.dropLinks();
    noisy.logBurst(10_500);
    await heard(new RegExp(`^muster\\.health\\.node\\.${noisyId}\\.log-gap$`), 60_000);
    await lost.kill();
    await heard(new RegExp(`^muster\\.health\\.node\\.${lostId}\\.lost$`));
    await lost.comeBack();
    await console.call('showAccessKey');
    await console.call('changeAccessKey');
    await console.call('endKeyRotation');
    await heard(/^muster\.access\.settings\.gateway\.access-key-rotation-ended$/);
  }

  const viewOf = () => console.call('readNode', { params: { nodeId } });
  const addNode = async (name: string, host: string, port: number): Promise<string> => {
    const id = await registerNode(console, name, host, port);
    await console.call('activateNode', { params: { nodeId: id } });
    return id;
  };
  const status = (colour: string) => until(viewOf, (view) => view.status.colour === colour, within60);
  const reason = (why: string) => until(viewOf, (view) => view.status.reason === why, within60);

  it('knows every subject, header and field that went over the bus', () => {
    const problems = new Map<string, string>();
    for (const message of everything) {
      if (message.subject === RUBBISH_ON && message.body === RUBBISH) continue;
      for (const problem of document.problemsOf(message))
        problems.set(problem, `${message.subject} ${message.body.slice(0, 300)}`);
    }
    expect([...problems]).toEqual([]);
    expect(everything.length).toBeGreaterThan(100);
  });

  it('knows what came back for every order', () => {
    const asked = new Map(
      recorder.messages.flatMap(({ reply, subject }) => {
        const channel = document.channelOf(subject);
        return channel?.tag === 'order' ? [[reply, channel.name]] : [];
      }),
    );
    const problems = recorder.answers.flatMap((answer) => {
      const order = asked.get(answer.subject);
      // Nobody there, says the server itself.
      return order === undefined || answer.body === '' ? [] : document.problemsOfAnswer(order, answer);
    });
    expect([...new Set(problems)]).toEqual([]);
  });

  it.each(['fact', 'sample', 'state'])('tells of no %s that never comes', (tag) =>
    expect(document.unseenMessages(tag)).toEqual([]),
  );

  it('tells of no field that never comes, but for those that a reason is given for', () => {
    const unseen = document.unseenFields('fact', 'sample', 'state');
    const excused = new Set(neverHere.flatMap(({ fields }) => fields));
    expect(unseen.filter((field) => !excused.has(field))).toEqual([]);
  });

  it('describes facts that the SDK of CloudEvents takes, strictly, from headers and body', () => {
    const stored = facts().filter(({ headers }) => 'ce-position' in headers);
    const told = facts().filter(({ headers }) => !('ce-position' in headers));
    expect(Math.min(stored.length, told.length)).toBeGreaterThan(0);
    for (const message of facts()) {
      const event = cloudEventOf(message);
      expect(event.validate()).toBe(true);
      expect(event).toMatchObject({
        specversion: '1.0',
        datacontenttype: 'application/json',
        facttype: event.dataschema?.split(':')[3],
        data: JSON.parse(message.body) as object,
      });
    }
    const actor = cloudEventOf(stored.at(-1) ?? fail())['actor'];
    expect(JSON.parse(String(actor))).toMatchObject({ kind: expect.any(String), name: expect.any(String) });
  });
});

const RUBBISH_ON = 'muster.request.started.none';
const RUBBISH = JSON.stringify({ nothing: randomBytes(8).toString('hex') });

/** As docs/integration.md shows it. */
function cloudEventOf({ headers, body }: Recorded): CloudEvent<unknown> {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith('ce-')) attributes[name.slice('ce-'.length)] = decodeURIComponent(value);
  const { id = '', type = '', source = '', ...more } = attributes;
  return new CloudEvent({ ...more, id, type, source, data: JSON.parse(body) as unknown }, true);
}

function fail(): never {
  throw new Error('There is none');
}

/** The code by which a call is refused; undefined when it is not. */
const refusalOf = (call: Promise<unknown>): Promise<string | undefined> =>
  call.then(
    () => undefined,
    (error: unknown) => (error instanceof ProblemError ? error.code : String(error)),
  );
