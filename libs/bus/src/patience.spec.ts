import { Outage } from '@muster/contracts';
import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { patiently } from './patience.js';

const apiError = (code: number, err_code: number) => new JetStreamApiError({ code, err_code, description: 'no' });
const soon = () => 0;

/** Fails with each of these in turn, then answers. */
function answering(...failures: readonly Error[]) {
  let asked = 0;
  const ask = (): Promise<string> => {
    const failure = failures[asked];
    asked += 1;
    return failure === undefined ? Promise.resolve('made') : Promise.reject(failure);
  };
  return { ask, asked: () => asked };
}

describe('a server that is asked for something when a service starts', () => {
  it('is asked again when it did not answer in time, or could not at the moment', async () => {
    const busy = answering(new errors.TimeoutError(), apiError(503, 10008));
    await expect(patiently(busy.ask, soon)).resolves.toBe('made');
    expect(busy.asked()).toBe(3);
  });

  it('is away for whoever asked five times', async () => {
    const dead = answering(...Array.from({ length: 9 }, () => new errors.TimeoutError()));
    await expect(patiently(dead.ask, soon)).rejects.toBeInstanceOf(Outage);
    expect(dead.asked()).toBe(5);
  });

  it('is not asked again for what it refuses', async () => {
    const refusal = apiError(400, 10058);
    const refusing = answering(refusal);
    await expect(patiently(refusing.ask, soon)).rejects.toBe(refusal);
    expect(refusing.asked()).toBe(1);
  });
});
