import { readOptions, WrongUsage } from './options.js';

const read = (args: string[], env: NodeJS.ProcessEnv = {}) => readOptions(args, env, '/clone', '/elsewhere');

describe('the options of npm start', () => {
  it('are complete without any argument', () => {
    expect(read([])).toEqual({
      port: 8080,
      portIsFixed: false,
      apiPort: undefined,
      host: '127.0.0.1',
      dataFolder: '/clone/.muster',
      withNode: true,
      withEngine: true,
      databaseUrl: undefined,
      natsUrl: undefined,
      publicUrl: undefined,
    });
  });

  it('take port, host, data folder, no node and no engine', () => {
    expect(
      read(['--port', '9000', '--api-port', '9001', '--host', '0.0.0.0', '--data', 'here', '--no-node', '--no-engine']),
    ).toMatchObject({
      port: 9000,
      portIsFixed: true,
      apiPort: 9001,
      host: '0.0.0.0',
      dataFolder: '/elsewhere/here',
      withNode: false,
      withEngine: false,
    });
  });

  it('prefer the argument to the environment, and an empty variable is none', () => {
    expect(read(['--data', '/a'], { MUSTER_DATA: '/b' })).toMatchObject({ dataFolder: '/a' });
    expect(read([], { MUSTER_DATA: '', DATABASE_URL: '' })).toMatchObject({
      dataFolder: '/clone/.muster',
      databaseUrl: undefined,
    });
  });

  it('show the help when asked', () => {
    expect(read(['--help'])).toBe('help');
  });

  it.each([
    [['--port', '70000']],
    [['--port', 'x']],
    [['--port', '0']],
    [['--api-port', '0']],
    [['--bogus']],
    [['stray']],
  ])('refuse %j in one line that points to the help', (args) => {
    expect(() => read(args)).toThrow(WrongUsage);
    expect(() => read(args)).toThrow(/npm start -- --help/);
  });

  it('refuse an address of another kind and name the variable, not the value', () => {
    expect(() => read([], { DATABASE_URL: 'mysql://me:secret@host/x' })).toThrow(/DATABASE_URL/);
    expect(() => read([], { DATABASE_URL: 'mysql://me:secret@host/x' })).not.toThrow(/secret/);
    expect(() => read([], { NATS_URL: 'http://host' })).toThrow(/NATS_URL/);
  });
});
