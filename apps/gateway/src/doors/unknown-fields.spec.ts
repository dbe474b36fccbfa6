import { routes } from '@muster/contracts';
import { refuseUnknownFields } from './unknown-fields.js';

const fieldsOf = (schema: Parameters<typeof refuseUnknownFields>[0], input: unknown): string[] => {
  try {
    refuseUnknownFields(schema, input);
    return [];
  } catch (error) {
    return (error as { detail: { fields: { field: string }[] } }).detail.fields.map(({ field }) => field);
  }
};

describe('fields that no schema names', () => {
  it('are refused by name, also inside an object', () => {
    expect(fieldsOf(routes.changeNode.body, { nme: 'x' })).toEqual(['nme']);
    expect(fieldsOf(routes.changeNode.body, { address: { host: 'a', port: 1, prot: 2 } })).toEqual(['address.prot']);
  });

  it('are refused where nothing is expected at all', () => {
    expect(fieldsOf(routes.activateNode.body, { now: true })).toEqual(['now']);
  });

  it('do not hide behind the names every object has', () => {
    expect(fieldsOf(routes.signIn.body, JSON.parse('{"__proto__":{"admin":true},"constructor":1}'))).toEqual([
      '__proto__',
      'constructor',
    ]);
  });

  it('leave input of another type to the schema itself', () => {
    expect(fieldsOf(routes.signIn.body, 'text')).toEqual([]);
    expect(fieldsOf(routes.signIn.body, undefined)).toEqual([]);
    expect(fieldsOf(routes.signIn.body, { name: 'a', password: 'b' })).toEqual([]);
  });
});
