import { randomUUID } from 'node:crypto';
import { Outage } from '@muster/contracts';
import { LogReader } from './log-reader.js';
import { LogRing } from './log-ring.js';

describe('a log whose table can not be read', () => {
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const ring = new LogRing(randomUUID(), 100);
  for (let entry = 0; entry < 5; entry += 1)
    ring.add({ kind: 'remark', at: '2026-11-23T12:00:00.000Z', level: 'info', message: `entry ${entry}` });
  const reader = new LogReader({ query: () => Promise.reject(away) }, randomUUID(), ring);
  const numbers = async (request: { limit: number; before?: number }) =>
    (await reader.read(request)).entries.map(({ n }) => n);

  it('shows what is in memory, and that older entries may be there', async () => {
    expect(await numbers({ limit: 1_000 })).toEqual([101, 102, 103, 104, 105]);
    expect(await numbers({ limit: 2 })).toEqual([104, 105]);
    expect(await numbers({ limit: 1_000, before: 103 })).toEqual([101, 102]);
    expect(await reader.read({ limit: 1_000 })).toMatchObject({ more: true, newer: false });
  });

  it('says that the database is away to whoever asks for older entries', async () => {
    await expect(reader.read({ limit: 10, before: 101 })).rejects.toThrow(Outage);
  });
});
