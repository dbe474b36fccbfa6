import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Bus, Stoppable } from '@muster/bus';
import { Outage, ReadServiceMetrics, ServiceMetrics } from '@muster/contracts';
import { writeFamilies } from './families.js';
import type { Instance } from './instance.js';
import type { Metrics } from './metrics.js';

const zipped = promisify(gzip);

/**
 * Answers what this process counts and measures to whoever gathers it for the whole installation. What does not fit into a message
 * any more, which closed lists of labels rule out, is an outage of this part.
 */
export const answerMetrics = (bus: Bus, metrics: Metrics, { service, id: instance }: Instance): Promise<Stoppable> =>
  bus.answer(
    ReadServiceMetrics,
    async () => {
      const gzipped = (await zipped(writeFamilies(await metrics.told()))).toString('base64');
      const reply = { service, instance, gzipped };
      if (!ServiceMetrics.safeParse(reply).success) throw new Outage(service, 'The metrics do not fit into a message');
      return reply;
    },
    // A group of its own: each process answers.
    { queue: randomUUID(), concurrency: 2 },
  );
