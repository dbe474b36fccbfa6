import { neededToGive, type Permission, Refusal, type StreamName } from '@muster/contracts';

/**
 * Refuses with `not-permitted` streams whose facts one may not read oneself, by the rule of `neededToGive`. `youCan` says what
 * one can, as in `You can let others read`.
 */
export function giveStreams(youCan: string, streams: readonly StreamName[], may: readonly Permission[]): void {
  const beyond = streams.filter((stream) => neededToGive(stream).some((permission) => !may.includes(permission)));
  if (beyond.length > 0)
    throw new Refusal('not-permitted', {
      field: 'streams',
      words: `${youCan} only what you may read yourself: not ${beyond.join(', ')}.`,
    });
}
