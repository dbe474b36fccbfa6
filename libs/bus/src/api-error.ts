import { JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';

/** Whether JetStream refused a call with one of these codes. */
export const isApiError = (error: unknown, ...codes: number[]): boolean =>
  error instanceof JetStreamApiError && codes.includes(error.code);

/** Whether a publish failed because no stream has its subject: the client then says that JetStream is not enabled. */
export const isNoSuchStream = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'JetStreamNotEnabled' || error instanceof errors.NoRespondersError);
