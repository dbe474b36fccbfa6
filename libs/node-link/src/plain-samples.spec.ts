import fc from 'fast-check';
import { SamplesFrame } from './frames.js';
import { isPlainSamples } from './plain-samples.js';

const frame = {
  type: 'samples',
  items: [
    {
      seq: 7,
      ageMs: 3,
      measurement: {
        ...{ cpuPercent: 12.5, memoryUsedBytes: 5, memoryTotalBytes: 9, load: [0.1, 0.2, 0.3] },
        gpus: [{ index: 0, utilisationPercent: 3, temperatureCelsius: -4, powerWatts: 9.5, memoryUsedBytes: 1 }],
        executors: [{ executorId: 'one', inFlight: 1, queued: 0, requests: 3, errors: 0, tokensPerSecond: 4.5 }],
      },
    },
  ],
};

/** Every place in a value, as the way to it. */
const placesOf = (value: unknown, way: readonly string[] = []): (readonly string[])[] =>
  typeof value === 'object' && value !== null
    ? [way, ...Object.entries(value).flatMap(([name, each]) => placesOf(each, [...way, name]))]
    : [way];

function changed(way: readonly string[], what: (holder: Record<string, unknown>, name: string) => void): unknown {
  const copy = { root: structuredClone(frame) as unknown };
  let holder = copy as Record<string, unknown>;
  const names = ['root', ...way];
  for (const name of names.slice(0, -1)) holder = holder[name] as Record<string, unknown>;
  what(holder, names.at(-1) ?? '');
  return copy.root;
}

const odd = fc.oneof(
  ...[fc.constantFrom(0, -1, 0.5, 101, 1e20, Infinity, NaN, '', 'x'.repeat(129), null, true), fc.constant([])],
  ...[fc.constant({}), fc.array(fc.integer(), { maxLength: 4 }), fc.double(), fc.string({ maxLength: 4 })],
);

describe('a frame of samples that is read without its schema', () => {
  it('is one that a node sends', () => {
    expect(isPlainSamples(frame)).toBe(true);
  });

  it('is never one that the schema refuses or makes into another', () => {
    const changes = fc.oneof(
      fc.tuple(fc.constantFrom(...placesOf(frame)), odd).map(([way, value]) =>
        changed(way, (holder, name) => {
          holder[name] = value;
        }),
      ),
      fc.constantFrom(...placesOf(frame).slice(1)).map((way) =>
        changed(way, (holder, name) => {
          if (Array.isArray(holder)) holder.splice(Number(name), 1);
          else Reflect.deleteProperty(holder, name);
        }),
      ),
      fc.constantFrom(...placesOf(frame)).map((way) =>
        changed(way, (holder, name) => {
          if (typeof holder[name] === 'object' && !Array.isArray(holder[name]))
            (holder[name] as Record<string, unknown>)['later'] = 1;
        }),
      ),
    );
    fc.assert(
      fc.property(changes, (value) => {
        if (!isPlainSamples(value)) return;
        const parsed = SamplesFrame.safeParse(value);
        expect(parsed.success && parsed.data).toEqual(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it('has each of its parts looked at', () => {
    for (const way of placesOf(frame))
      expect(
        isPlainSamples(
          changed(way, (holder, name) => {
            holder[name] = Symbol('wrong');
          }),
        ),
      ).toBe(false);
  });
});
