import { readConfig } from '@muster/service';
import { RegistryConfig } from './config.js';

const env = {
  NATS_URL: 'nats://127.0.0.1:4222',
  DATABASE_URL: 'postgres://muster@127.0.0.1/muster',
  MUSTER_SECRET: 'a'.repeat(43),
};
const read = (more: Record<string, string>) => readConfig(RegistryConfig, { ...env, ...more });

describe('the configuration of the registry', () => {
  it.each([
    ['localhost:8022', { host: 'localhost', port: 8022 }],
    ['gpu-04.lab', { host: 'gpu-04.lab', port: 8022 }],
    ['[::1]:9000', { host: '::1', port: 9000 }],
    ['', { host: 'localhost', port: 8022 }],
    ['off', null],
  ])('looks for a first node at %j', (text, address) => {
    expect(read({ MUSTER_LOCAL_NODE: text }).MUSTER_LOCAL_NODE).toEqual(address);
  });

  it.each(['https://localhost:8022', 'localhost:', 'localhost:70000', 'localhost:0', '::1', 'a b'])(
    'refuses %j as the address of a first node',
    (text) => {
      expect(() => read({ MUSTER_LOCAL_NODE: text })).toThrow('MUSTER_LOCAL_NODE: must be host:port or off');
    },
  );

  it('names what is wrong and never the value', () => {
    const attempt = () => read({ MUSTER_SECRET: 'short', MUSTER_FIRST_CODE: 'tiny', DATABASE_URL: 'mysql://hidden' });
    expect(attempt).toThrow(/DATABASE_URL: must begin.*\nMUSTER_SECRET: must be 43.*\nMUSTER_FIRST_CODE: must have/);
    expect(attempt).not.toThrow(/short|tiny|hidden/);
  });
});
