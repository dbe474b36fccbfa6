import { type TestDatabase, testDatabase, until } from '@muster/testing';
import type { DataSource } from 'typeorm';
import { openDatabase } from './database.js';
import { type Hold, Lead } from './lead.js';

jest.setTimeout(60_000);

describe('the lead', () => {
  let test: TestDatabase;
  let database: DataSource;
  const all: Lead[] = [];
  const holds = new Map<string, Hold>();
  const ended: string[] = [];

  const candidate = (name: string, what = 'work') => {
    const lead = new Lead(database, {
      name: what,
      begin: (hold) => {
        holds.set(name, hold);
        return {
          stop: () => {
            ended.push(name);
            return Promise.resolve();
          },
        };
      },
      onChange: () => undefined,
    });
    all.push(lead);
    return lead;
  };

  beforeAll(async () => {
    test = await testDatabase();
    database = await openDatabase({ url: test.url, schema: 'lead', applicationName: 'lead', migrations: [] });
  });
  afterEach(async () => {
    await Promise.all(all.splice(0).map((each) => each.stop()));
    holds.clear();
    ended.length = 0;
  });
  afterAll(async () => {
    await database.destroy();
    await test.drop();
  });

  it('is one candidate’s at a time, and the next one’s when that one stops', async () => {
    const one = candidate('one');
    await until(() => one.leading);
    const two = candidate('two');
    const other = candidate('other', 'other work');
    await until(() => other.leading);
    expect(two.leading).toBe(false);
    await one.stop();
    await until(() => two.leading);
    expect(ended).toEqual(['one']);
  });

  it('is lost with its session: the work ends, and who asks whether it stands is told no', async () => {
    const one = candidate('one');
    await until(() => one.leading);
    const hold = holds.get('one');
    expect(await hold?.stands()).toBe(true);
    await test.refuseConnections(true);
    await test.cutConnections();
    expect(await hold?.stands()).toBe(false);
    await until(() => !one.leading);
    expect(ended).toEqual(['one']);
    await test.refuseConnections(false);
    await until(() => one.leading);
    expect(await holds.get('one')?.stands()).toBe(true);
  });
});
