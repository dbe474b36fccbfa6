import { schemaIdOf, SCHEMA_VERSION, shapeVersionBy, upcast, upcastBy, type UpcastRule } from './upcast.js';

/** Two changes that were never made, one of them twice over: Watts to milliwatts, and a name of its own for the place. */
const rules: readonly UpcastRule[] = [
  {
    type: 'OvenLit',
    toNext: (data) =>
      typeof data['watts'] === 'number' ? { milliwatts: data['watts'] * 1_000, at: data['at'] } : data,
  },
  { type: 'DoorOpened', toNext: (data) => data },
  { type: 'OvenLit', toNext: (data) => ('place' in data ? data : { ...data, place: 'kitchen' }) },
];

describe('an old shape', () => {
  const upcastOven = upcastBy(rules);

  it('goes through every rule about its type, oldest first', () =>
    expect(upcastOven({ type: 'OvenLit', data: { watts: 2, at: 'noon' } })).toEqual({
      type: 'OvenLit',
      data: { milliwatts: 2_000, at: 'noon', place: 'kitchen' },
    }));

  it('is left as it is where it has the shape of today', () => {
    const today = { type: 'OvenLit', data: { milliwatts: 5, at: 'noon', place: 'cellar' } };
    expect(upcastOven(today)).toEqual(today);
    expect(upcastOven({ type: 'WindowShut', data: { watts: 2 } })).toEqual({ type: 'WindowShut', data: { watts: 2 } });
    expect(upcast(today)).toEqual(today);
  });

  it('has a version of its type, which the edition in which it was saved tells', () => {
    const versionOf = shapeVersionBy(rules);
    expect([1, 2, 3, 4].map((edition) => versionOf('OvenLit', edition))).toEqual([1, 2, 2, 3]);
    expect(versionOf('OvenLit')).toBe(3);
    expect(versionOf('WindowShut')).toBe(1);
  });

  it('is named by a schema that does not change', () => {
    expect(schemaIdOf('NodeRegistered', 1)).toBe('urn:muster:fact:NodeRegistered:1');
    expect(SCHEMA_VERSION).toBeGreaterThanOrEqual(1);
  });
});
