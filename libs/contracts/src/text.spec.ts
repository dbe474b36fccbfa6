import fc from 'fast-check';
import { nameKey, NodeName, Password } from './text.js';

const wordsOf = (schema: typeof NodeName | typeof Password, input: unknown): string | undefined =>
  schema.safeParse(input).error?.issues[0]?.message;

describe('a name', () => {
  it.each(['a', 'Local Node', 'brisk-otter', 'Küche №2', '机器', '👩'.repeat(64)])('may be %j', (name) =>
    expect(wordsOf(NodeName, name)).toBeUndefined(),
  );

  it.each([
    ['', 'empty'],
    ['   ', 'empty'],
    [' a', 'space'],
    ['a'.repeat(65), '64 characters'],
    ['a'.repeat(10_000), '64 characters'],
    ['safe\u202Egnp.exe', 'invisible'],
    ['zero\u200Bwidth', 'invisible'],
    ['two\nlines', 'invisible'],
    ['nul\u0000', 'invisible'],
    ['half \uD83D', 'invisible'],
    [42, 'must be text'],
  ])('may not be %j and the words say why', (name, why) => expect(wordsOf(NodeName, name)).toContain(why));

  it('is the same name in another letter case or compatibility form', () => {
    expect(nameKey('Ｂrisk-Otter')).toBe(nameKey('brisk-OTTER'));
    fc.assert(fc.property(fc.string(), (name) => nameKey(nameKey(name)) === nameKey(name)));
  });
});

describe('a password', () => {
  it.each([
    ['seven77', 'shorter than 8'],
    ['x'.repeat(257), 'longer than 256'],
  ])('may not be %j', (password, why) => expect(wordsOf(Password, password)).toContain(why));
  it('counts characters, not bytes', () => expect(wordsOf(Password, '🔑🔑🔑🔑🔑🔑🔑🔑')).toBeUndefined());
});
