import fc from 'fast-check';
import { decode, frameFaults, ProtocolFault } from './codec.js';
import { FromNode, ToNode } from './frames.js';
import { ChallengeOrRefused, Open } from './handshake.frames.js';
import { isDeeperThan, MAX_DEPTH } from './json.js';

const faultOf = (act: () => unknown): string => {
  try {
    act();
    return 'none';
  } catch (error) {
    return error instanceof ProtocolFault ? error.fault : `thrown: ${String(error)}`;
  }
};

const whole = fc.nat({ max: 2 ** 40 });
const bytes = whole;
const text = fc.string({ maxLength: 40 });
const uuid = fc.uuid({ version: 4 });
const optional = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined }).map((some) => (some === undefined ? {} : { [key]: some }));
const merged = (...parts: fc.Arbitrary<object>[]) =>
  fc.tuple(...parts).map((all) => Object.assign({}, ...all) as object);
const hardware = fc.record({
  hostname: text,
  platform: text,
  cpu: fc.record({ model: text, cores: fc.integer({ min: 1, max: 512 }) }),
  memoryTotalBytes: bytes,
  gpus: fc.array(
    merged(
      fc.record({
        index: fc.nat(64),
        name: text,
        vendor: fc.constantFrom('nvidia', 'amd', 'apple'),
        unifiedMemory: fc.boolean(),
      }),
      optional('memoryTotalBytes', bytes),
    ),
    { maxLength: 4 },
  ),
});
const condition = fc.oneof(
  fc.constantFrom({ condition: 'serving' }, { condition: 'starting' }, { condition: 'draining' }),
  fc.record({ condition: fc.constant('error'), message: text }),
);
const executors = fc.array(
  fc.record({
    executorId: text,
    model: text,
    state: fc.constantFrom('offline', 'starting', 'online', 'stopping', 'failed'),
    slots: fc.nat(64),
    inFlight: fc.nat(64),
    queued: fc.nat(64),
    modelId: text,
    kind: fc.constantFrom('chat', 'embedding'),
    engine: fc.constantFrom('built-in', 'llama-server', 'external'),
    managed: fc.boolean(),
    enabled: fc.boolean(),
    asleep: fc.boolean(),
    restartNeeded: fc.boolean(),
    restarts: fc.nat(64),
  }),
  { maxLength: 3 },
);
const seq = fc.integer({ min: 1, max: 2 ** 40 });
const measurement = merged(
  fc.record({
    cpuPercent: fc.double({ min: 0, max: 100, noNaN: true }),
    memoryUsedBytes: bytes,
    memoryTotalBytes: bytes,
    gpus: fc.array(fc.record({ index: fc.nat(64) }), { maxLength: 3 }),
  }),
  optional('load', fc.tuple(fc.double({ min: 0, max: 99, noNaN: true }), fc.constant(1), fc.constant(2))),
);
const line = fc.record({
  seq,
  at: fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }).map((date) => date.toISOString()),
  level: fc.constantFrom('debug', 'info', 'warning', 'error', 'critical'),
  source: text,
  message: fc.string({ unit: 'binary', maxLength: 200 }),
});
const fromNode = fc.oneof(
  fc.record({ type: fc.constant('hello'), version: text, run: uuid, hardware, condition, executors }),
  fc.record({
    type: fc.constant('samples'),
    items: fc.array(fc.record({ seq, ageMs: fc.nat(), measurement }), { minLength: 1, maxLength: 5 }),
  }),
  fc.record({ type: fc.constant('lines'), lines: fc.array(line, { minLength: 1, maxLength: 5 }) }),
  fc.record({ type: fc.constant('gap'), of: fc.constantFrom('samples', 'lines'), lost: seq }),
  fc.record({ type: fc.constant('condition'), condition }),
  fc.record({ type: fc.constant('executors'), executors }),
  fc.record({ type: fc.constant('hardware'), hardware }),
  fc.record({
    type: fc.constant('models'),
    models: fc.array(
      fc.record({
        modelId: text.map((name) => `m${name}`.slice(0, 256)),
        name: text.map((name) => `m${name}`.slice(0, 256)),
        source: fc.constantFrom('file', 'engine'),
        kind: fc.constantFrom('chat', 'embedding'),
      }),
      { maxLength: 3 },
    ),
    more: fc.nat(),
  }),
  fc.record({ type: fc.constant('ticket'), ticket: fc.constant('mst_0123456789abcdef') }),
  fc.record({
    type: fc.constant('outcome'),
    id: uuid,
    outcome: fc.oneof(
      fc.record({
        outcome: fc.constant('done'),
        done: fc.record({ executorId: text, model: text, restartNeeded: fc.boolean() }),
      }),
      fc.record({ outcome: fc.constant('refused'), code: fc.constantFrom('node-busy', 'model-unknown') }),
      fc.record({ outcome: fc.constant('failed'), words: text }),
    ),
  }),
  fc.record({ type: fc.constant('pong'), id: seq }),
  fc.record({ type: fc.constant('goodbye'), reason: fc.constantFrom('stopping', 'key-changed') }),
);

describe('a frame', () => {
  it('is read as it was written, whichever it is', () => {
    fc.assert(
      fc.property(fromNode, (frame) => {
        const written = JSON.stringify(frame);
        expect(decode(FromNode, written)).toEqual(JSON.parse(written));
      }),
    );
  });

  it('of a newer peer is read without what is not known here', () => {
    expect(decode(ToNode, '{"type":"ping","id":1,"urgency":9}')).toEqual({ type: 'ping', id: 1 });
  });

  it('with anything in it changed is either a frame or a fault, and never anything else', () => {
    fc.assert(
      fc.property(fromNode, fc.nat(), fc.string({ unit: 'binary', maxLength: 3 }), (frame, where, junk) => {
        const written = JSON.stringify(frame);
        const at = where % written.length;
        const fault = faultOf(() => decode(FromNode, written.slice(0, at) + junk + written.slice(at + 1)));
        expect(['none', ...Object.keys(frameFaults)]).toContain(fault);
      }),
      { numRuns: 500 },
    );
  });

  it.each([FromNode, ToNode, Open, ChallengeOrRefused])(
    'from any JSON at all never throws anything but a fault',
    (schema) => {
      fc.assert(
        fc.property(fc.json(), fc.constantFrom('hello', 'samples', 'ping', 'open', 'refused', ''), (json, type) => {
          const fault = faultOf(() => decode(schema, `{"type":"${type}","items":${json},"lines":${json}}`));
          expect(Object.keys(frameFaults)).toContain(fault);
          expect(['none', ...Object.keys(frameFaults)]).toContain(faultOf(() => decode(schema, json)));
        }),
      );
    },
  );

  it.each([
    ['', 'not-json'],
    ['null', 'wrong-shape'],
    ['[]', 'wrong-shape'],
    ['{"type":1}', 'wrong-shape'],
    ['{"type":"__proto__"}', 'unknown-type'],
    ['{"type":"constructor"}', 'unknown-type'],
    ['{"type":"ping","id":1e999}', 'wrong-shape'],
    ['{"type":"ping","id":0}', 'wrong-shape'],
    ['{"type":"ping","id":1.5}', 'wrong-shape'],
  ])('like %s is a fault', (written, fault) => {
    expect(faultOf(() => decode(ToNode, written))).toBe(fault);
  });

  it('does not let a property called __proto__ through', () => {
    const frame = decode(ToNode, '{"type":"ping","id":1,"__proto__":{"polluted":true}}');
    expect('polluted' in frame).toBe(false);
  });
});

describe('the depth of JSON', () => {
  it('counts arrays and objects, and no bracket in a string', () => {
    expect(isDeeperThan(2, '[{"a":1}]')).toBe(false);
    expect(isDeeperThan(1, '[{"a":1}]')).toBe(true);
    expect(isDeeperThan(1, '["[[[[\\"[[["]')).toBe(false);
    expect(isDeeperThan(1, '["\\\\",[]]')).toBe(true);
    expect(isDeeperThan(1, '[],[],[]')).toBe(false);
  });

  it('is what it is, for any JSON', () => {
    const depth = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (json) => {
        const deep = depth(JSON.parse(json));
        expect(isDeeperThan(deep, json)).toBe(false);
        if (deep > 0) expect(isDeeperThan(deep - 1, json)).toBe(true);
      }),
    );
  });

  it('leaves room for every frame of the protocol', () => {
    fc.assert(fc.property(fromNode, (frame) => !isDeeperThan(MAX_DEPTH, JSON.stringify(frame))));
  });
});
