import fc from 'fast-check';
import { NumberedBuffer } from './numbered-buffer.js';

describe('a numbered buffer', () => {
  it('numbers from 1 and reads from where it is asked', () => {
    const buffer = new NumberedBuffer<string>(10);
    for (const item of ['a', 'b', 'c']) buffer.add(item);
    expect(buffer.read(2, 10)).toEqual([
      { seq: 2, item: 'b' },
      { seq: 3, item: 'c' },
    ]);
    expect(buffer.read(1, 1)).toEqual([{ seq: 1, item: 'a' }]);
    expect(buffer.read(4, 10)).toEqual([]);
  });

  it('says by `first` what is gone, and gives nothing from before it', () => {
    const buffer = new NumberedBuffer<number>(3);
    for (let n = 1; n <= 5; n += 1) buffer.add(n);
    expect([buffer.first, buffer.next]).toEqual([3, 6]);
    expect(buffer.read(2, 10)).toEqual([]);
  });

  it('keeps exactly the last of what was added, whatever its capacity', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.array(fc.integer(), { maxLength: 60 }), (capacity, items) => {
        const buffer = new NumberedBuffer<number>(capacity);
        items.forEach((item) => buffer.add(item));
        expect(buffer.read(buffer.first, 100).map(({ item }) => item)).toEqual(items.slice(-capacity));
        expect(buffer.next).toBe(items.length + 1);
      }),
    );
  });

  it('tells its listeners of each item until they leave', () => {
    const buffer = new NumberedBuffer<number>(3);
    let told = 0;
    const leave = buffer.onAdd(() => (told += 1));
    buffer.add(1);
    leave();
    buffer.add(2);
    expect(told).toBe(1);
  });
});
