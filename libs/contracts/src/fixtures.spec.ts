import { readdirSync, readFileSync } from 'node:fs';
import { factFamilies, type FactFamilyName } from './bus/facts.js';
import type { StoredEvent } from './fact.js';
import { SCHEMA_VERSION, upcast } from './upcast.js';

const FOLDER = new URL('../fixtures/', import.meta.url);

/** `fixtures/<family>/<type>.<edition>.json`: a fact as it was written by the edition of the shapes that it is named for. */
const fixtures = Object.keys(factFamilies).flatMap((family) =>
  readdirSync(new URL(`${family}/`, FOLDER)).map((file) => {
    const [type = '', edition = ''] = file.split('.');
    const stored = JSON.parse(readFileSync(new URL(`${family}/${file}`, FOLDER), 'utf8')) as StoredEvent;
    return { name: `${family}/${file}`, family: family as FactFamilyName, type, edition: Number(edition), stored };
  }),
);

const types = Object.entries(factFamilies).flatMap(([family, { schema }]) =>
  schema.def.options.map((option) => ({
    family: family as FactFamilyName,
    type: String([...option.def.shape.type.def.values][0]),
    fields: Object.keys(option.def.shape.data.def.shape),
  })),
);

describe('a stored fact', () => {
  it.each(fixtures)('of $name is still read, and nothing of it is lost', ({ family, type, stored }) => {
    expect(stored.type).toBe(type);
    const today = upcast(stored);
    expect(factFamilies[family].schema.parse(today)).toEqual(today);
  });

  it.each(types)('of every type has its shape of today kept for ever: $family/$type', ({ family, type, fields }) => {
    const [newest] = fixtures
      .filter((fixture) => fixture.family === family && fixture.type === type)
      .sort((a, b) => b.edition - a.edition);
    // A new field, optional or not, belongs in a fixture of its own edition: the old file stays as it is.
    expect(Object.keys(newest?.stored.data ?? {}).sort()).toEqual([...fields].sort());
    expect(newest?.edition).toBeLessThanOrEqual(SCHEMA_VERSION);
  });

  it.each(fixtures)('of $name is of a type that there is', ({ family, type }) => {
    expect(types).toContainEqual(expect.objectContaining({ family, type }));
  });
});
