import * as z from 'zod/mini';
import { ConfigProblem, MusterSecret, readConfig, ServiceConfig, Switch } from './config.js';

const NATS_URL = 'nats://127.0.0.1:4222';

describe('the configuration', () => {
  it('has defaults for all but where the bus is', () => {
    expect(readConfig(ServiceConfig, { NATS_URL, PATH: '/bin' })).toEqual({
      NATS_URL,
      PORT: 0,
      HOST: '127.0.0.1',
      LOG_FORMAT: 'json',
      LOG_LEVEL: 'info',
    });
  });

  it('takes an empty variable for an absent one', () => {
    expect(readConfig(ServiceConfig, { NATS_URL, PORT: '', LOG_LEVEL: '' })).toMatchObject({
      PORT: 0,
      LOG_LEVEL: 'info',
    });
  });

  it('names every wrong variable with its rule, and no value', () => {
    const env = { NATS_URL: 'http://user:hunter2@x', PORT: '70000', HOST: 'h', LOG_FORMAT: 'xml' };
    const reading = () => readConfig(ServiceConfig, env);
    expect(reading).toThrow(
      new ConfigProblem(
        'NATS_URL: must be nats://host:port or tls://host:port, several with commas between\n' +
          'PORT: must be a whole number from 0 to 65535\n' +
          'LOG_FORMAT: must be json or pretty',
      ),
    );
    expect(reading).not.toThrow('hunter2');
  });

  it.each(['x', '1.5', '-1', '65536'])('takes no port %s', (PORT) => {
    expect(() => readConfig(ServiceConfig, { NATS_URL, PORT })).toThrow('PORT: must be a');
  });

  it('says that what is needed must be set', () => {
    expect(() => readConfig(ServiceConfig, {})).toThrow('NATS_URL: must be set');
  });

  it('takes several servers', () => {
    const several = 'nats://a:4222, tls://b:4222';
    expect(readConfig(ServiceConfig, { NATS_URL: several }).NATS_URL).toBe(several);
  });

  it('reads switches and secrets', () => {
    const schema = z.object({ A: z._default(Switch, false), SECRET: MusterSecret });
    expect(readConfig(schema, { A: 'on', SECRET: 'x'.repeat(43) })).toMatchObject({ A: true });
    expect(() => readConfig(schema, { A: 'yes', SECRET: 'x' })).toThrow(
      'A: must be on or off\nSECRET: must be 43 characters of base64url: 256 random bits',
    );
  });
});
