import { TestBed } from '@angular/core/testing';
import { COMMAND_ID_HEADER, routes } from '@muster/contracts';
import { FakeServer } from '../testing/fake-server.js';
import { NODE_ID, admin } from '../testing/examples.js';
import { Api, urlOf } from './api.js';
import type { Outcome } from './outcome.js';

describe('Api', () => {
  let server: FakeServer;
  let api: Api;

  beforeEach(() => {
    server = new FakeServer();
    TestBed.configureTestingModule({ providers: [server.provider] });
    api = TestBed.inject(Api);
  });

  it('gives the parsed answer of a route', async () => {
    server.answers('GET /api/session', 200, { account: admin, firstAccountNeeded: false });
    expect(await api.call(routes.readSession)).toEqual({
      ok: true,
      value: { account: admin, firstAccountNeeded: false },
    });
  });

  it('names every order that changes something, and keeps the name that it is given', async () => {
    server.answers(`POST /api/nodes/${NODE_ID}/activate`, 200, { version: 2 }).answers('GET /api/session', 200, {});
    const commandId = crypto.randomUUID();
    await api.call(routes.activateNode, { params: { nodeId: NODE_ID }, commandId });
    await api.call(routes.activateNode, { params: { nodeId: NODE_ID } });
    await api.call(routes.readSession);
    const [first, second, third] = server.sent.map(({ headers }) => headers.get(COMMAND_ID_HEADER));
    expect(first).toBe(commandId);
    expect(second).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
    expect(third).toBeNull();
    const traces = server.sent.map(({ headers }) => headers.get('traceparent'));
    expect(traces[0]).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(traces[1]).not.toBe(traces[0]);
    expect(traces[2]).toBeNull();
  });

  it('sends the version that a change is made from', async () => {
    server.answers(`PATCH /api/nodes/${NODE_ID}`, 200, { version: 8 });
    await api.call(routes.changeNode, { params: { nodeId: NODE_ID }, body: { name: 'a' }, expectedVersion: 7 });
    expect(server.sent[0]?.headers.get('if-match')).toBe('"7"');
  });

  it('hands a refusal on with its words and its fields', async () => {
    const fields = [{ field: 'name', words: 'The name is empty' }];
    server.refuses('POST /api/session', 400, 'bad-input', { detail: 'Look again.', fields, retryAfterMs: 5 });
    expect(await api.call(routes.signIn, { body: { name: 'a', password: 'b' } })).toEqual({
      ok: false,
      failure: { code: 'bad-input', words: 'Look again.', fields, retryAfterMs: 5 },
    });
  });

  it('calls silence, nonsense and an unknown shape an outage', async () => {
    const codes: string[] = [];
    const note = (outcome: Outcome<unknown>): void => void codes.push(outcome.ok ? 'ok' : outcome.failure.code);
    note(await api.call(routes.readSession));
    note(await api.call(server.answers('GET /api/session', 200, { account: 3 }) && routes.readSession));
    note(await api.call(server.answers('GET /api/session', 502, 'bad gateway') && routes.readSession));
    expect(codes).toEqual(['outage', 'outage', 'outage']);
  });

  it('tells when the session is over', async () => {
    const over = jest.fn();
    api.whenSessionLost(over);
    server.refuses('GET /api/settings', 401, 'not-signed-in');
    await api.call(routes.readSettings);
    expect(over).toHaveBeenCalledTimes(1);
  });

  it('gives the lines of a stream one by one, and ends with a failure at the first that makes no sense', async () => {
    const passed = { outcome: 'passed', stage: 'name', tookMs: 2, words: 'Found it' };
    server.answersLines('POST /api/nodes/verify', passed, { outcome: 'what' }, passed);
    const seen: Outcome<unknown>[] = [];
    for await (const outcome of api.stream(routes.verifyNode, { body: { host: 'a', port: 1 } })) seen.push(outcome);
    expect(seen.map(({ ok }) => ok)).toEqual([true, false]);
  });
});

describe('urlOf', () => {
  it('encodes what it fills in and leaves out what is not given', () => {
    expect(urlOf(routes.readLog, { nodeId: 'a/b' }, { before: 3, limit: undefined })).toBe(
      '/api/nodes/a%2Fb/log?before=3',
    );
  });
});
