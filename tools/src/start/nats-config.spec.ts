import { readFileSync } from 'node:fs';
import { busServices, permissionsOf } from '@muster/contracts';
import { containersConfig, natsConfig, OUTSIDERS_MARK } from './nats-config.js';

const config = natsConfig({
  head: ['listen: "127.0.0.1:4222"'],
  storeDir: '"/data"',
  passwordOf: (user) => JSON.stringify(`secret of ${user}`),
  outsiders: '{"user":"integration-1"}\n',
});

describe('the configuration of NATS', () => {
  it('lets nobody in without a password', () => {
    expect(config).not.toMatch(/no_auth_user|allow_anonymous/);
    const users = [...config.matchAll(/user: (\w+)/g)].map(([, user]) => user);
    expect(users).toEqual(['system', 'muster', ...Object.keys(busServices)]);
    expect([...config.matchAll(/user: \w+, password: "secret of \w+"/g)]).toHaveLength(users.length);
  });

  it('has the outsiders behind their mark', () => {
    expect(config).toContain(`${OUTSIDERS_MARK}\n{"user":"integration-1"}\n    ]`);
  });

  it('of the containers is what would be made today', () => {
    const file = new URL('../../../deploy/nats.conf', import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(containersConfig());
  });
});

describe('what services may publish', () => {
  const may = (service: keyof typeof busServices) => permissionsOf(service).publish;

  it('are their own facts alone', () => {
    for (const service of ['router', 'gateway', 'stats', 'webhooks'] as const)
      for (const subject of ['muster.fleet.>', 'muster.access.>', 'muster.health.>'])
        expect([service, may(service)]).not.toEqual([service, expect.arrayContaining([subject])]);
    expect(may('registry')).toEqual(expect.arrayContaining(['muster.fleet.>', 'muster.access.>']));
    expect(may('registry')).not.toContain('muster.health.>');
    expect(may('monitor')).toContain('muster.health.>');
    expect(may('router')).toContain('muster.request.>');
  });

  it('are orders where they ask', () => {
    expect(may('gateway')).toContain('muster.ask.>');
    expect(may('registry')).toContain('muster.ask.monitor.>');
    for (const service of ['monitor', 'stats', 'router'] as const)
      expect(may(service).filter((subject) => subject.startsWith('muster.ask.'))).toEqual([]);
  });
});
