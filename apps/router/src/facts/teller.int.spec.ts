import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestEvent, RequestMessage } from '@muster/contracts';
import { testRunFolder, until } from '@muster/testing';
import { SpoolFile } from './spool-file.js';
import { Teller } from './teller.js';

const MIB = 1024 * 1024;
const fact = (n: number): RequestEvent => ({
  type: 'RequestStarted',
  data: {
    requestId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    router: '00000000-0000-4000-8000-000000000000',
    endpoint: 'chat',
    model: 'tiny',
    stream: false,
    at: '2026-11-23T12:00:00.000Z',
  },
});
const facts = (count: number) => Array.from({ length: count }, (_, n) => fact(n));

describe('the spool of facts', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(testRunFolder(), 'spool-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const readAll = (spool: SpoolFile) => {
    const read: RequestEvent[] = [];
    for (let file = spool.oldest(); file !== undefined; file = spool.oldest()) {
      read.push(...file.events);
      file.remove();
    }
    return read;
  };

  it('gives back what was written, oldest first, in another process too, and leaves no file', () => {
    const written = facts(9_000);
    const spool = new SpoolFile(folder, 64 * MIB, 'life1');
    expect(spool.append(written.slice(0, 5_000))).toBe(5_000);
    expect(spool.append(written.slice(5_000))).toBe(4_000);
    expect(readdirSync(folder).length).toBeGreaterThan(0);
    const other = new SpoolFile(folder, 64 * MIB, 'life2');
    expect(other.facts).toBe(9_000);
    expect(readAll(other)).toEqual(written);
    expect([readdirSync(folder), other.facts]).toEqual([[], 0]);
  });

  it('is shared by routers that live side by side: what each wrote is read once, and each goes on writing', () => {
    const one = new SpoolFile(folder, MIB, 'one');
    one.append(facts(3));
    const two = new SpoolFile(folder, MIB, 'two');
    expect(two.facts).toBe(3);
    one.append([fact(3)]);
    two.append([fact(4)]);
    expect(readAll(two)).toEqual([...facts(3), fact(4)]);
    expect(readAll(one)).toEqual([fact(3)]);
    expect([readdirSync(folder), one.append([fact(5)])]).toEqual([[], 1]);
    expect(readAll(new SpoolFile(folder, MIB, 'three'))).toEqual([fact(5)]);
  });

  it('keeps what is written while the oldest file is being told', () => {
    const spool = new SpoolFile(folder, MIB, 'life3');
    spool.append(facts(3));
    const file = spool.oldest();
    spool.append([fact(7)]);
    file?.remove();
    expect(readAll(spool)).toEqual([fact(7)]);
  });

  it('takes no more than its bound, and again when there is room', () => {
    const spool = new SpoolFile(folder, MIB, 'life4');
    const taken = spool.append(facts(50_000));
    expect(taken).toBeGreaterThan(3_000);
    expect(taken).toBeLessThan(6_000);
    expect(spool.append([fact(1)])).toBe(0);
    expect(readAll(spool)).toHaveLength(taken);
    expect(spool.append([fact(1)])).toBe(1);
  });

  it('passes over a line that was half written when the machine fell', () => {
    new SpoolFile(folder, MIB, 'life5').append(facts(2));
    appendFileSync(join(folder, readdirSync(folder)[0] ?? ''), '{"type":"RequestSta');
    expect(readAll(new SpoolFile(folder, MIB, 'life6'))).toEqual(facts(2));
  });

  it('tells each fact until it is surely stored, says which are lost, and overtakes none that waits', async () => {
    const spool = new SpoolFile(folder, MIB, 'life7');
    const told: RequestMessage[] = [];
    let up = true;
    let stores = true;
    let lost = 0;
    const teller = new Teller({
      way: {
        pending: 0,
        send: (message, done) => {
          if (stores) told.push(message);
          done(stores);
        },
      },
      keep: spool,
      isUp: () => up,
      onLost: (count) => (lost += count),
    });
    for (const each of facts(3)) teller.tell(each);
    await until(() => told.length === 3);
    stores = false;
    for (const each of facts(3)) teller.tell(each);
    await until(() => spool.facts === 3);
    up = false;
    stores = true;
    for (const each of facts(20_000)) teller.tell(each);
    await until(() => lost > 0);
    expect(teller.lost).toBe(lost);
    const waiting = teller.waiting;
    expect(waiting + lost).toBe(20_003);
    up = true;
    await until(() => told.length === 3 + waiting, undefined, { withinMs: 15_000 });
    teller.tell(fact(99_999));
    await until(() => told.at(-1)?.id.includes('99999') === true);
    expect(teller.waiting).toBe(0);
    teller.stop();
  });
});
