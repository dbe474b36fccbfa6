import { readConfig } from '@muster/service';
import { MonitorConfig } from './config.js';

const env = {
  NATS_URL: 'nats://127.0.0.1:4222',
  DATABASE_URL: 'postgres://muster@127.0.0.1:5432/muster',
  MUSTER_SECRET: 'A'.repeat(43),
};

describe("the monitor's configuration", () => {
  it('dials private networks and no loopback unless told otherwise', () => {
    expect(readConfig(MonitorConfig, env)).toMatchObject({
      MUSTER_DIAL_LOOPBACK: false,
      MUSTER_DIAL_PRIVATE: true,
      MUSTER_DIAL_PORTS: { from: 1_024, to: 65_535 },
      MUSTER_OWN_ADDRESSES: [],
    });
  });

  it('reads what may be dialled', () => {
    const own = 'localhost:3000, [::1]:3001,10.0.4.2:3002';
    expect(
      readConfig(MonitorConfig, {
        ...env,
        MUSTER_DIAL_LOOPBACK: 'on',
        MUSTER_DIAL_PORTS: '8022-8100',
        MUSTER_OWN_ADDRESSES: own,
      }),
    ).toMatchObject({
      MUSTER_DIAL_LOOPBACK: true,
      MUSTER_DIAL_PORTS: { from: 8_022, to: 8_100 },
      MUSTER_OWN_ADDRESSES: [
        { host: 'localhost', port: 3_000 },
        { host: '::1', port: 3_001 },
        { host: '10.0.4.2', port: 3_002 },
      ],
    });
  });

  it.each([
    ['MUSTER_DIAL_PORTS', '9000-8000'],
    ['MUSTER_DIAL_PORTS', '0'],
    ['MUSTER_DIAL_PORTS', '1-70000'],
    ['MUSTER_OWN_ADDRESSES', 'localhost'],
    ['MUSTER_OWN_ADDRESSES', 'http://localhost:80'],
    ['MUSTER_MONITOR_ID', 'a.b'],
    ['MUSTER_DIAL_LOOPBACK', 'yes'],
  ])('refuses %s=%s by its name', (name, value) => {
    expect(() => readConfig(MonitorConfig, { ...env, [name]: value })).toThrow(name);
  });
});
