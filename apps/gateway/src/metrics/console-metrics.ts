import type { Metrics } from '@muster/service';
import type { ConsoleDoor } from '../live/console-door.js';
import type { Sessions } from '../sessions/sessions.js';

/** What the console's door does, in numbers. */
export function measureConsole(
  metrics: Metrics,
  door: Pick<ConsoleDoor, 'counts'>,
  sessions: Pick<Sessions, 'remembered'>,
): void {
  const ofRooms = (which: 'open' | 'said') => () =>
    door.counts.rooms.map(({ kind, [which]: value }) => ({ value, labels: { room: kind } }));
  metrics.gauge('muster_console_sockets', 'Sockets of open pages', () => door.counts.sockets);
  metrics.counted('muster_console_sent_bytes_total', 'Bytes written to sockets of pages', () => door.counts.bytes);
  metrics.gauge('muster_console_rooms', 'Rooms that somebody is in, by kind', ofRooms('open'));
  metrics.counted('muster_console_changes_total', 'Changes said in rooms, each once for all members', ofRooms('said'));
  metrics.gauge(
    'muster_console_sessions',
    'Sessions that were asked for in the last minute',
    () => sessions.remembered,
  );
}
