import type { Bus, BusCounts, BusNotice } from '@muster/bus';
import type { Metrics } from './metrics.js';

/** `muster.ask.registry.register-node` is `registry.register-node`; a command to a node is `node.<command>`. */
export const orderName = (subject: string): string =>
  subject.replace(/^muster\.(?:ask|command)\./, '').replace('.*', '');

/** What a process counts of its bus. */
export function busMetrics(metrics: Metrics): {
  counts: BusCounts;
  noticed(notice: BusNotice): void;
  opened(bus: Bus): void;
} {
  const orders = metrics.counter('muster_orders_total', 'Orders answered', ['order', 'outcome']);
  const durations = metrics.histogram('muster_order_duration_seconds', 'How long orders took to be answered', [
    'order',
  ]);
  const lost = metrics.counter('muster_bus_lost_messages_total', 'Messages that did not come, by their numbers', [
    'lane',
  ]);
  const notSent = metrics.counter('muster_bus_unsent_messages_total', 'Messages not sent since the bus was away', [
    'lane',
  ]);
  const reconnects = metrics.counter('muster_bus_reconnects_total', 'How often the bus came back', []);
  const notices = metrics.counter('muster_bus_notices_total', 'What the bus had to say, as its log lines', ['notice']);
  const retries = metrics.counter('muster_consumer_retries_total', 'Tries after which a fact was tried again', [
    'consumer',
  ]);
  const letters = metrics.counter('muster_consumer_dead_letters_total', 'Facts that were given up', ['consumer']);
  return {
    counts: {
      answered: (subject, outcome, seconds) => {
        const order = orderName(subject);
        orders.inc({ order, outcome });
        durations.observe({ order }, seconds);
      },
      lost: (lane, messages) => {
        lost.inc({ lane }, messages);
      },
    },
    noticed: (notice) => {
      notices.inc({ notice: notice.notice });
      if (notice.notice === 'reconnected') reconnects.inc();
      else if (notice.notice === 'not-sent') notSent.inc({ lane: notice.lane }, notice.messages);
      else if (notice.notice === 'retrying') retries.inc({ consumer: notice.durable });
      else if (notice.notice === 'dead-letter') letters.inc({ consumer: notice.durable });
    },
    opened: (bus) => {
      metrics.gauge('muster_bus_connected', 'Whether the bus is there', () => (bus.state === 'up' ? 1 : 0));
      readerMetrics(metrics, bus);
    },
  };
}

/** The readers are asked once for all three figures: the calls of one reading share the answer. */
function readerMetrics(metrics: Metrics, bus: Bus): void {
  let asked: ReturnType<Bus['readers']> | undefined;
  const readers = () =>
    (asked ??= bus.readers().finally(() => {
      asked = undefined;
    }));
  const read = async (figure: 'pending' | 'ackPending' | 'redelivered') =>
    (await readers()).flatMap(({ name, stream, [figure]: value }) =>
      value === undefined ? [] : [{ value, labels: { consumer: name, stream } }],
    );
  metrics.gauge('muster_consumer_pending_messages', 'Facts on the bus that a reader has still before it', () =>
    read('pending'),
  );
  metrics.gauge('muster_consumer_unacknowledged_messages', 'Facts in hand', () => read('ackPending'));
  metrics.gauge('muster_consumer_redelivered_messages', 'Facts in hand that came before', () => read('redelivered'));
}
