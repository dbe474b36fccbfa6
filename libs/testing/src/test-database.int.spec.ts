import { testDatabase } from './test-database.js';

describe('testDatabase', () => {
  it('gives each caller an empty database of its own', async () => {
    const [one, two] = await Promise.all([testDatabase(), testDatabase()]);
    await one.query('create table things (id int)');
    expect(await two.query("select 1 from information_schema.tables where table_name = 'things'")).toEqual([]);
    expect(one.name).not.toBe(two.name);
  });

  it('can be away and come back', async () => {
    const database = await testDatabase();
    await database.refuseConnections(true);
    await expect(database.query('select 1')).rejects.toThrow('not currently accepting connections');
    await database.refuseConnections(false);
    expect(await database.query('select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('is gone after drop', async () => {
    const database = await testDatabase();
    await database.drop();
    await expect(database.query('select 1')).rejects.toThrow('does not exist');
  });
});
