import { readdirSync, readFileSync } from 'node:fs';
import { streams } from '../bus/streams.js';
import { describeRequestFact, requestErrorWords } from './describe-request.js';
import { fromRequestMessage, RequestHeaders, requestFactId, toRequestMessage } from './request-message.js';
import { RequestEvent, requestErrors, requestOutcomes } from './request.events.js';

const FOLDER = new URL('../../fixtures/request/', import.meta.url);
const fixtures = readdirSync(FOLDER).map((file) => ({
  file,
  stored: JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as RequestEvent,
}));
const types = RequestEvent.def.options.map((option) => ({
  type: String([...option.def.shape.type.def.values][0]),
  fields: Object.keys(option.def.shape.data.def.shape),
}));

describe('a fact about a request', () => {
  it.each(fixtures)('of $file is still read, and nothing of it is lost', ({ stored }) => {
    expect(RequestEvent.parse(stored)).toEqual(stored);
  });

  it.each(types)('of every type has its shape of today kept for ever: $type', ({ type, fields }) => {
    const newest = fixtures.filter(({ stored }) => stored.type === type).at(-1);
    expect(Object.keys(newest?.stored.data ?? {}).sort()).toEqual([...fields].sort());
  });

  it.each(fixtures)('of $file goes on the bus and comes back as it was', ({ stored }) => {
    const { id, subject, headers, body } = toRequestMessage(stored);
    expect(RequestHeaders.parse(headers)).toEqual(headers);
    expect(headers['ce-id']).toBe(id);
    expect(subject).toMatch(/^muster\.request\.(started|dispatched|finished)\.[0-9a-f-]{36}$/);
    expect(streams.REQUESTS.subjects).toEqual(['muster.request.>']);
    expect(fromRequestMessage(headers['ce-facttype'], JSON.parse(body))).toEqual(stored);
  });

  it('is named by what it says, so that telling it again is the same message', () => {
    const ids = fixtures.map(({ stored }) => requestFactId(stored));
    expect(new Set(ids).size).toBe(ids.length);
    expect(fixtures.map(({ stored }) => requestFactId(structuredClone(stored)))).toEqual(ids);
  });

  it('without a node goes on a subject that says so', () => {
    const started = fixtures.find(({ stored }) => stored.type === 'RequestStarted')?.stored;
    const waiting = RequestEvent.parse({
      type: 'RequestStarted',
      data: { ...started?.data, nodeId: undefined, executorId: undefined },
    });
    expect(toRequestMessage(waiting).subject).toBe('muster.request.started.none');
    expect(describeRequestFact(waiting).title).toBe('Request for tiny-chat waits for a slot');
  });

  it('has words for every outcome and every reason', () => {
    const finished = fixtures.find(({ stored }) => stored.type === 'RequestFinished')?.stored;
    for (const outcome of requestOutcomes)
      for (const error of requestErrors) {
        const told = RequestEvent.parse({ type: 'RequestFinished', data: { ...finished?.data, outcome, error } });
        expect(describeRequestFact(told, 'gpu-1').title).toContain(outcome);
        expect(describeRequestFact(told).detail).toBe(requestErrorWords[error]);
      }
    for (const { stored } of fixtures) expect(describeRequestFact(stored, 'gpu-1').title).not.toBe('');
  });
});
