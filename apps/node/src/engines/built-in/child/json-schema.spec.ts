import { grammarSchema } from './json-schema.js';
import { OpenAiError } from './openai-error.js';

const convert = (schema: unknown, strict = true) => grammarSchema(schema, 'schema', strict);
const refusal = (schema: unknown) => {
  try {
    convert(schema);
  } catch (error) {
    if (error instanceof OpenAiError) return error.param;
    throw error;
  }
  return undefined;
};

describe('A JSON schema for a grammar', () => {
  it('keeps what a grammar holds, and drops what only explains', () => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'Answer',
      type: 'object',
      properties: {
        name: { type: 'string', minLength: 1, description: 'who' },
        day: { type: 'string', format: 'date' },
        mail: { type: 'string', format: 'email' },
        size: { enum: ['s', 'l', 3, null] },
        many: { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 3 },
      },
      required: ['name'],
      additionalProperties: false,
    };
    expect(convert(schema)).toEqual({
      schema: {
        type: 'object',
        properties: {
          name: { type: 'string', minLength: 1 },
          day: { type: 'string', format: 'date' },
          mail: { type: 'string' },
          size: { enum: ['s', 'l', 3, null] },
          many: { type: 'array', items: { type: 'integer' }, minItems: 1, maxItems: 3 },
        },
        additionalProperties: false,
      },
      notHeld: [],
    });
  });

  it('makes a choice of anyOf and of several types', () => {
    expect(convert({ anyOf: [{ type: 'string' }, { type: 'null' }] }).schema).toEqual({
      oneOf: [{ type: 'string' }, { type: 'null' }],
    });
    expect(convert({ type: ['string', 'null'] }).schema).toEqual({ type: ['string', 'null'] });
    expect(convert({ type: ['object', 'null'], properties: { a: { const: 1 } } }).schema).toEqual({
      oneOf: [{ type: 'object', properties: { a: { const: 1 } }, additionalProperties: false }, { type: 'null' }],
    });
  });

  it('follows references to its definitions, to themselves too', () => {
    const schema = {
      type: 'object',
      properties: { tree: { $ref: '#/definitions/tree' } },
      definitions: { tree: { type: 'array', items: { $ref: '#/definitions/tree' } } },
    };
    expect(convert(schema).schema).toMatchObject({
      properties: { tree: { $ref: '#/$defs/tree' } },
      $defs: { tree: { type: 'array', items: { $ref: '#/$defs/tree' } } },
    });
    expect(refusal({ $ref: '#/$defs/nowhere' })).toBe('schema.$ref');
  });

  it('allows anything in an object of which nothing is said, and in a schema that says nothing', () => {
    expect(convert({ type: 'object' }).schema).toMatchObject({ additionalProperties: true });
    expect(convert({}).schema).toHaveProperty('oneOf');
  });

  it.each([
    [{ type: 'string', pattern: '^a' }, 'schema.pattern'],
    [{ type: 'object', properties: { age: { type: 'integer', minimum: 18 } } }, 'schema.properties.age.minimum'],
    [{ allOf: [{ type: 'string' }] }, 'schema.allOf'],
    [{ type: 'text' }, 'schema.type'],
    [{ enum: [{}] }, 'schema.enum[0]'],
    [[], 'schema'],
    [{ type: 'string', description: 'x'.repeat(70_000) }, 'schema'],
  ])('refuses %j by the place of what can not be held', (schema, place) => {
    expect(refusal(schema)).toBe(place);
  });

  it('leaves such a rule to the model where the schema is not strict, and says so', () => {
    const { notHeld, schema } = convert({ type: 'integer', minimum: 18 }, false);
    expect(notHeld).toEqual(['schema.minimum']);
    expect(schema).toEqual({ type: 'integer' });
  });

  it('takes a bound that every number keeps for none', () => {
    const { MIN_SAFE_INTEGER: minimum, MAX_SAFE_INTEGER: maximum } = Number;
    expect(convert({ type: 'integer', minimum, maximum }).notHeld).toEqual([]);
  });

  it('ends with one that is nested without end', () => {
    let schema: object = { type: 'string' };
    for (let level = 0; level < 100; level += 1) schema = { type: 'array', items: schema };
    expect(refusal(schema)).toMatch(/^schema\.items/);
  });
});
