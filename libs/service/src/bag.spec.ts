import { Bag } from './bag.js';

const thing = (name: string) => ({ name, index: 0 });
const namesIn = (bag: Bag<ReturnType<typeof thing>>) => bag.all.map(({ name }) => name).sort();

describe('Bag', () => {
  it('holds what was put in and not taken out', () => {
    const bag = new Bag<ReturnType<typeof thing>>();
    const [a, b, c, d] = [thing('a'), thing('b'), thing('c'), thing('d')];
    for (const each of [a, b, c, d]) bag.add(each);

    bag.remove(b);
    expect(namesIn(bag)).toEqual(['a', 'c', 'd']);
    bag.remove(d);
    bag.remove(a);
    expect(namesIn(bag)).toEqual(['c']);
    bag.remove(c);
    expect(bag.size).toBe(0);
  });

  it('takes something out again that comes back', () => {
    const bag = new Bag<ReturnType<typeof thing>>();
    const [a, b] = [thing('a'), thing('b')];
    bag.add(a);
    bag.add(b);
    bag.remove(a);
    bag.add(a);
    bag.remove(b);
    expect(namesIn(bag)).toEqual(['a']);
  });

  it('gives a copy, which stays as it was while things are taken out', () => {
    const bag = new Bag<ReturnType<typeof thing>>();
    const all = [thing('a'), thing('b'), thing('c')];
    for (const each of all) bag.add(each);
    for (const each of bag.all) bag.remove(each);
    expect(bag.size).toBe(0);
  });

  it('refuses to take out what is not in it', () => {
    const bag = new Bag<ReturnType<typeof thing>>();
    bag.add(thing('a'));
    expect(() => bag.remove(thing('b'))).toThrow('not in this bag');
    expect(bag.size).toBe(1);
  });
});
