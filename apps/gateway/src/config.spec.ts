import { readConfig } from '@muster/service';
import { GatewayConfig, GatewayEnvironment } from './config.js';

const NATS_URL = 'nats://127.0.0.1:4222';
const config = (env: Record<string, string> = {}) =>
  new GatewayConfig(readConfig(GatewayEnvironment, { NATS_URL, ...env }));

describe("the gateway's configuration", () => {
  it('lets the console be opened by every name this machine has for itself', () => {
    expect(config({ PORT: '8123' }).ownOrigins).toEqual([
      'http://localhost:8123',
      'http://127.0.0.1:8123',
      'http://[::1]:8123',
    ]);
  });

  it('takes a public address alone, and others when told', () => {
    const env = { PUBLIC_URL: 'https://muster.lab', MUSTER_ALLOWED_ORIGINS: 'https://a.lab, http://b.lab:8080' };
    expect(config(env).ownOrigins).toEqual(['https://muster.lab']);
    expect(config(env).furtherOrigins).toEqual(['https://a.lab', 'http://b.lab:8080']);
    expect(config(env).isOpenOnTheWire).toBe(false);
    expect(config({ PUBLIC_URL: 'http://muster.lab' }).isOpenOnTheWire).toBe(true);
  });

  it.each([
    ['PUBLIC_URL', 'muster.lab'],
    ['PUBLIC_URL', 'https://muster.lab/console'],
    ['MUSTER_ALLOWED_ORIGINS', 'https://a.lab,*'],
    ['MUSTER_TRUSTED_PROXIES', 'everybody'],
    ['PORT', '70000'],
  ])('does not start with %s=%s', (name, value) => {
    expect(() => config({ [name]: value })).toThrow(new RegExp(`^${name}: must be `));
  });

  it('tells where a first node is looked for, unless nowhere', () => {
    expect(config().lookingAt).toBe('localhost:8022');
    expect(config({ MUSTER_LOCAL_NODE: 'off' }).lookingAt).toBeUndefined();
  });

  it('knows its version', () => {
    expect(config().version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
