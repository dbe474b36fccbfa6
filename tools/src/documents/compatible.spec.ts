import { breaches } from './compatible.js';
import type { JsonSchema } from './json-schemas.js';

const kitchen: JsonSchema = {
  type: 'object',
  properties: {
    name: { $ref: '#/definitions/Name' },
    heat: { description: 'How hot.', enum: ['low', 'high'] },
    cooks: { type: 'array', items: { type: 'object', properties: { hat: { type: 'boolean' } }, required: ['hat'] } },
  },
  required: ['name'],
  definitions: { Name: { type: 'string', maxLength: 64 } },
};

const changed = (change: (schema: typeof kitchen & { properties: Record<string, JsonSchema> }) => void): JsonSchema => {
  const copy = structuredClone(kitchen) as typeof kitchen & { properties: Record<string, JsonSchema> };
  change(copy);
  return copy;
};

describe('the schema of a version', () => {
  it('may stay as it is, say its words anew, and name what stood within', () => {
    expect(breaches(kitchen, structuredClone(kitchen))).toEqual([]);
    expect(breaches(kitchen, { ...kitchen, description: 'Where one cooks.', title: 'Kitchen' })).toEqual([]);
    const inline = changed(({ properties }) => (properties['name'] = { type: 'string', maxLength: 64 }));
    expect(breaches(kitchen, inline)).toEqual([]);
  });

  it('may take a field that may be absent, and a word in a list', () => {
    const more = changed(({ properties }) => {
      properties['windows'] = { type: 'integer' };
      properties['heat'] = { enum: ['low', 'middle', 'high'] };
    });
    expect(breaches(kitchen, more)).toEqual([]);
  });

  it.each<[string, JsonSchema, string]>([
    ['lose a field', changed(({ properties }) => delete properties['heat']), 'heat is gone'],
    [
      'lose a field within a list',
      changed(({ properties }) => (properties['cooks'] = { type: 'array', items: { type: 'object' } })),
      'cooks[].hat is gone',
    ],
    ['let a field be absent', changed((schema) => (schema['required'] = [])), 'name may be absent'],
    [
      'need a field that might be absent',
      changed((schema) => (schema['required'] = ['name', 'heat'])),
      'heat must not be absent any more',
    ],
    [
      'need a new field',
      changed((schema) => {
        schema.properties['door'] = {};
        schema['required'] = ['name', 'door'];
      }),
      'door is new and must not be absent',
    ],
    [
      'lose a word',
      changed(({ properties }) => (properties['heat'] = { enum: ['low'] })),
      'heat no longer takes "high"',
    ],
    [
      'have another type',
      changed(({ properties }) => (properties['name'] = { type: 'integer', maxLength: 64 })),
      'name has type "integer" where it had "string"',
    ],
    [
      'have another bound',
      changed((schema) => (schema['definitions'] = { Name: { type: 'string', maxLength: 128 } })),
      'name has maxLength 128 where it had 64',
    ],
  ])('must not %s', (_what, now, finding) => expect(breaches(kitchen, now)).toContain(finding));
});
