import { readCommandLine } from './command-line.js';
import { StartFailure } from './start-failure.js';

const read = (args: string[], env: NodeJS.ProcessEnv = {}) => readCommandLine(args, env, '1.2.3', () => undefined);
const failure = (args: string[], env?: NodeJS.ProcessEnv) => {
  try {
    read(args, env);
  } catch (error) {
    if (error instanceof StartFailure) return { words: error.message, exitCode: error.exitCode };
    throw error;
  }
  throw new Error('It was accepted');
};

describe('the command line', () => {
  it('has a default for everything', () => {
    expect(read([], { XDG_DATA_HOME: '/data' })).toEqual({
      port: 8022,
      bind: '0.0.0.0',
      data: '/data/muster-node',
      name: undefined,
      models: ['/data/muster-node/models'],
      accessKeyFile: undefined,
      askAccessKey: false,
      accessKey: undefined,
      engines: { builtIn: 'fetch', folder: undefined, llamaServer: 'llama-server', servers: [], discover: true },
      logFormat: undefined,
      logLevel: 'info',
    });
  });

  it('takes an option before the environment, and the environment before the default', () => {
    const env = { MUSTER_NODE_PORT: '9001', MUSTER_NODE_BIND: '::', MUSTER_NODE_NAME: 'env', MUSTER_NODE_DATA: '/env' };
    expect(read([], env)).toMatchObject({ port: 9001, bind: '::', name: 'env', data: '/env' });
    expect(read(['--port', '9002', '--name', 'given'], env)).toMatchObject({ port: 9002, name: 'given', bind: '::' });
  });

  it('takes several folders for models, in place of the one in the data folder', () => {
    expect(read(['--data', '/d'])?.models).toEqual(['/d/models']);
    expect(read(['--models', '/a', '--models', '/b:c'], { MUSTER_NODE_MODELS: '/x' })?.models).toEqual(['/a', '/b:c']);
    expect(read([], { MUSTER_NODE_MODELS: '/x:/y' })?.models).toEqual(['/x', '/y']);
    expect(failure(['--models', ' '])).toMatchObject({ words: expect.stringContaining('--models') as string });
  });

  it('takes engines, their addresses without path and key apart', () => {
    const env = { MUSTER_ENGINE: 'off', MUSTER_ENGINE_URLS: 'http://one:1/v1, http://two:2', MUSTER_ENGINE_KEY: 'k' };
    expect(read(['--llama-server', '/opt/llama-server', '--engine-discovery', 'off'], env)?.engines).toEqual({
      builtIn: 'off',
      folder: undefined,
      llamaServer: '/opt/llama-server',
      servers: [
        { origin: 'http://one:1', headers: { authorization: 'Bearer k' } },
        { origin: 'http://two:2', headers: { authorization: 'Bearer k' } },
      ],
      discover: false,
    });
    expect(read(['--engine-url', 'https://three'], env)?.engines.servers.map(({ origin }) => origin)).toEqual([
      'https://three',
    ]);
  });

  it.each(['ftp://x', 'here', 'http://x/path', 'http://me:secret@x'])('refuses %s as an engine', (url) => {
    expect(failure(['--engine-url', url])).toMatchObject({ exitCode: 64 });
    const inEnvironment = failure([], { MUSTER_ENGINE_URLS: url });
    expect(inEnvironment).toMatchObject({
      exitCode: 78,
      words: expect.stringContaining('MUSTER_ENGINE_URLS') as string,
    });
    expect(inEnvironment.words).not.toContain('secret');
  });

  it('takes a variable that is empty for one that is not set', () => {
    expect(read([], { MUSTER_NODE_PORT: '', MUSTER_ACCESS_KEY: '', LOG_LEVEL: '' })).toMatchObject({
      port: 8022,
      accessKey: undefined,
      logLevel: 'info',
    });
  });

  it('understands the names of levels that the other services use', () => {
    expect(read([], { LOG_LEVEL: 'warn' })?.logLevel).toBe('warning');
    expect(read([], { LOG_LEVEL: 'fatal' })?.logLevel).toBe('critical');
  });

  it.each([['--help'], ['--version']])('starts nothing for %s', (option) => {
    expect(read([option])).toBeUndefined();
  });

  it.each([
    [['--port', '70000'], '--port', 64],
    [['--port', '-1'], '--port', 64],
    [['--port', '80x'], '--port', 64],
    [['--bind', 'example.org'], '--bind', 64],
    [['--name', ' x'], '--name', 64],
    [['--access-key', 'secret'], '--access-key', 64],
    [['--nonsense'], '--nonsense', 64],
    [['stray'], 'argument', 64],
  ])('says in one line what is wrong with %j', (args, named, exitCode) => {
    const { words, exitCode: code } = failure(args);
    expect(words).toContain(named);
    expect(words).not.toContain('\n');
    expect(code).toBe(exitCode);
  });

  it('says in one line which variable is wrong', () => {
    expect(failure([], { MUSTER_NODE_PORT: 'x' })).toMatchObject({ exitCode: 64 });
    expect(failure([], { LOG_FORMAT: 'xml' })).toEqual({ words: 'LOG_FORMAT must be json or pretty', exitCode: 78 });
  });
});
