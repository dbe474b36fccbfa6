import { Outage } from '@muster/contracts';
import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { fullJitter, type Random, sleep } from './backoff.js';

const TRIES = 5;
const PAUSE = { floorMs: 50, baseMs: 200, capMs: 1_000 };

/**
 * Asks a server again that is too busy to answer, `TRIES` times in all: while it makes stores on a slow disk it may not answer in time,
 * or say that it can not at the moment (a status from 500 on). For what may be done twice with the effect of once. Throws an Outage when
 * it never answers, and at once what the server refuses for another reason.
 */
export async function patiently<T>(ask: () => Promise<T>, random: Random = Math.random): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (attempt === TRIES)
        throw new Outage('bus', `The NATS server was asked ${TRIES} times and is too busy to answer`, { cause: error });
      await sleep(fullJitter(attempt, PAUSE, random), new AbortController().signal);
    }
  }
}

const isBusy = (error: unknown): boolean =>
  error instanceof errors.TimeoutError || (error instanceof JetStreamApiError && error.status >= 500);
