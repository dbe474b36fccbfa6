import type { RegistryList } from '@muster/contracts';
import { jest } from '@jest/globals';
import { ListTeller } from './list-teller.js';

describe('changes of lists', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('are told at once, and many of them together a second later', () => {
    const told: RegistryList[] = [];
    const teller = new ListTeller((list) => told.push(list));
    for (let n = 0; n < 5; n++) teller.changed('keys');
    teller.changed('accounts');
    expect(told).toEqual(['keys', 'accounts']);
    jest.advanceTimersByTime(1_000);
    expect(told).toEqual(['keys', 'accounts', 'keys']);
    jest.advanceTimersByTime(60_000);
    expect(told).toHaveLength(3);
    teller.changed('accounts');
    expect(told).toHaveLength(4);
  });

  it('are told no more after the end', () => {
    const told: RegistryList[] = [];
    const teller = new ListTeller((list) => told.push(list));
    teller.changed('keys');
    teller.changed('keys');
    teller.stop();
    jest.advanceTimersByTime(10_000);
    expect(told).toEqual(['keys']);
  });
});
