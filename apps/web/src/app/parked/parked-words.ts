import { type ParkedStream, readableText, type Retried, StoreService, type StoreState } from '@muster/contracts';

const services: Record<StoreService, string> = { registry: 'registry', monitor: 'monitor' };

/** What stands still while a stream waits. */
export function projectionWords({ projection, service }: Pick<ParkedStream, 'projection' | 'service'>): string {
  if (projection === 'relay') return `Cannot be brought to the bus by the ${services[service]}`;
  return projection.startsWith('history') ? 'Waits to join the history' : `Waits in ${projection}`;
}

export function outcomeWords({ stream }: Pick<ParkedStream, 'stream'>, { outcome, taken, reason }: Retried): string {
  switch (outcome) {
    case 'goes-on':
      return `${stream} goes on: ${taken === 1 ? 'the fact that waited was' : `${taken ?? 0} facts that waited were`} taken in.`;
    case 'still-parked':
      return `${stream} still waits: ${readableText(reason ?? 'it failed again')}`;
    case 'not-parked':
      return `${stream} does not wait any more.`;
  }
}

/** Who holds a store up, if anybody does, or that its facts are late on the bus. */
export function heldWords({ service, state }: { service: StoreService; state: StoreState }): string[] {
  const { heldBy, waiting } = state;
  if (heldBy)
    return [
      `A transaction of ${readableText(heldBy.applicationName)} (process ${heldBy.pid} of the database) has been open for ` +
        `${Math.round(heldBy.seconds)} s: nothing that the ${services[service]} records is read until it ends.`,
    ];
  if (waiting.seconds < 10) return [];
  return [
    `${waiting.events} facts of the ${services[service]} wait for the bus, the oldest for ${Math.round(waiting.seconds)} s.`,
  ];
}

/** The services that did not answer, if any. */
export function silentWords(stores: readonly { service: StoreService }[]): string | undefined {
  const silent = StoreService.options.filter((service) => !stores.some((store) => store.service === service));
  if (silent.length === 0) return undefined;
  return `The ${silent.map((service) => services[service]).join(' and the ')} did not answer: what waits there is not known.`;
}
