import { randomUUID } from 'node:crypto';
import { describeEstimate, estimateExecutor, freeMemory, type Hardware, type Measurement } from '@muster/contracts';
import type { ServeOptions } from '@muster/node-link';
import type { AccessKeys } from '../access-keys.js';
import type { Engines } from '../engines/engines.js';
import { Executors } from '../executors/executors.js';
import { KeptFiles } from '../executors/kept-files.js';
import { toldModels } from '../executors/told-models.js';
import type { Log } from '../log.js';
import type { ModelShelf } from '../models/model-shelf.js';
import { inOrderTrace } from '../traces.js';
import { InferenceDoor } from './inference-door.js';
import { EngineConnections } from './pass-on.js';
import { Tickets, ticketSecret } from './tickets.js';

/** Links are told another ticket so often. */
const TICKET_MS = 12 * 60 * 60_000;

export interface InferenceOptions {
  readonly dataFolder: string;
  readonly engines: Engines;
  readonly shelf: ModelShelf;
  readonly keys: Pick<AccessKeys, 'current'>;
  readonly log: Log;
  readonly hardware: Hardware;
  /** The last measurement of the machine. */
  readonly measured: () => Measurement | undefined;
  /** What links are told has changed. */
  readonly changed: () => void;
  /** Somebody at this address had a ticket that holds. */
  readonly vouch: (address: string) => void;
}

export interface OpenInference {
  readonly executors: Executors;
  /** What the node's port serves beside links, and tells on them. */
  readonly served: Required<Pick<ServeOptions, 'http' | 'ticket' | 'order' | 'models'>>;
  /** Starts what is wanted. Resolves when what an earlier life left behind has been ended. */
  start(): Promise<void>;
  /** Lets what is in flight end for a while and ends every process. May be called again. */
  close(): Promise<void>;
}

/** The executors of the node and the door to them, wired. */
export function openInference(options: InferenceOptions): OpenInference {
  const { dataFolder, engines, shelf, keys, log, changed, vouch } = options;
  const connections = new EngineConnections();
  const executors = new Executors({
    engines: engines.engines,
    external: engines.servers,
    models: () => shelf.models,
    memory: (model, parameters) => {
      const measured = options.measured();
      // Right after the start nothing was measured yet.
      if (measured === undefined) return undefined;
      const estimate = estimateExecutor(model, parameters, freeMemory(options.hardware, measured));
      return estimate && describeEstimate(estimate);
    },
    files: new KeptFiles(dataFolder, (words) => log.write('error', 'executor', words)),
    log,
    now: () => new Date().toISOString(),
    newId: randomUUID,
    changed: () => {
      connections.keepOnly(executors.addresses());
      changed();
    },
  });
  const tickets = new Tickets(ticketSecret(dataFolder), keys.current);
  const door = new InferenceDoor({
    ticketHolds: (ticket) => tickets.holds(ticket),
    vouch,
    byId: (executorId) => executors.byId(executorId),
    byName: (model) => executors.byName(model),
    served: () => executors.views().filter(({ state }) => state === 'online'),
    connections,
    onFault: (error) => {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      log.write('error', 'inference', `A bug ended a request: ${why}`);
    },
  });
  const ending: (() => void)[] = [];
  return {
    executors,
    served: {
      http: door.listener,
      ticket: (keyId) => tickets.current(keyId),
      order: (order, traceparent) => inOrderTrace(order, traceparent, () => executors.carryOut(order)),
      models: toldModels(
        () => shelf.models,
        () => executors.externalModels(),
      ),
    },
    start: async () => {
      const renewing = setInterval(() => {
        tickets.renew();
        changed();
      }, TICKET_MS);
      ending.push(() => clearInterval(renewing));
      ending.push(
        shelf.onChange(() => {
          executors.unblock();
          changed();
        }),
      );
      await executors.start();
    },
    close: async () => {
      for (const end of ending.splice(0)) end();
      await executors.close();
      await connections.close();
    },
  };
}
