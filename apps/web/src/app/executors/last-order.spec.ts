import { TestBed } from '@angular/core/testing';
import type { HistoryEntry } from '@muster/contracts';
import { anEntry, NODE_ID } from '../testing/examples.js';
import { FakeServer } from '../testing/fake-server.js';
import { FakeSocket } from '../testing/fake-socket.js';
import { LastOrders, orderWords } from './last-order.js';

const ordered = (number: number, executorId: string, order: string): HistoryEntry => {
  const entry = anEntry(number);
  const data = { nodeId: NODE_ID, executorId, model: executorId, order, at: entry.at };
  return { ...entry, family: 'health', type: 'ExecutorOrdered', data };
};

describe('what was last asked for about an executor', () => {
  const AT = `GET /api/history?node=${NODE_ID}&kind=ExecutorOrdered&limit=100`;
  const lastOf = (server: FakeServer, executorId: string) => {
    TestBed.configureTestingModule({ providers: [server.provider, new FakeSocket().provider] });
    return TestBed.inject(LastOrders).of(NODE_ID, executorId);
  };

  it('is the newest order about it, with who gave it and when', async () => {
    const entries = [ordered(3, 'other', 'start'), ordered(2, 'qwen', 'stop'), ordered(1, 'qwen', 'start')];
    const order = await lastOf(new FakeServer().answers(AT, 200, { entries, older: null }), 'qwen');
    expect(order).toMatchObject({ order: 'stop', by: 'admin', at: anEntry(2).at });
    expect(order && orderWords(order)).toBe('stopped by admin');
  });

  it('is unknown where nobody ordered anything, or the history does not answer', async () => {
    expect(await lastOf(new FakeServer().answers(AT, 200, { entries: [], older: null }), 'qwen')).toBeUndefined();
    TestBed.resetTestingModule();
    expect(await lastOf(new FakeServer(), 'qwen')).toBeUndefined();
  });
});
