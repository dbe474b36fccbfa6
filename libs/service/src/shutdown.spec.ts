import { Shutdown } from './shutdown.js';

describe('shutting down', () => {
  it('closes work, then the bus, then the database; in a stage, the last to come first', async () => {
    const shutdown = new Shutdown();
    const closed: string[] = [];
    const close = (name: string) => () => void closed.push(name);
    shutdown.at('database', close('database'));
    shutdown.at('bus', close('bus'));
    shutdown.at('work', close('first work'));
    shutdown.at('work', close('second work'));
    expect(await shutdown.run()).toEqual([]);
    expect(closed).toEqual(['second work', 'first work', 'bus', 'database']);
    await shutdown.run();
    expect(closed).toHaveLength(4);
  });

  it('closes at once what comes when all is closed', async () => {
    const shutdown = new Shutdown();
    await shutdown.run();
    let closed = false;
    shutdown.at('bus', () => void (closed = true));
    expect(closed).toBe(true);
  });

  it('goes on when a part fails or hangs, and tells', async () => {
    const shutdown = new Shutdown(20);
    let closed = false;
    shutdown.at('database', () => void (closed = true));
    shutdown.at('bus', () => Promise.reject(new Error('stuck')));
    shutdown.at('work', () => new Promise(() => undefined));
    const failures = await shutdown.run();
    expect(failures.map(String)).toEqual(['Error: A part of stage work is not closed after 20 ms', 'Error: stuck']);
    expect(closed).toBe(true);
  });
});
