import { computed, inject, Service } from '@angular/core';
import { Figures, type NodeFigures, type Numbered } from '@muster/contracts';
import * as z from 'zod/mini';
import { Session } from '../session/session.js';
import { Connection, type Room } from './connection.js';
import { lastOf } from './remote.js';

const Snapshot = z.object({ figures: z.nullable(Figures) });
const Change = z.object({ epoch: z.string(), seq: z.number(), figures: Figures });
type Shown = z.infer<typeof Snapshot>;

const figuresRoom: Room<Shown, Numbered & { figures: Figures }> = {
  kind: 'figures',
  changes: 'figures:change',
  onlyWhileVisible: true,
  join: (socket, timeoutMs) => socket.timeout(timeoutMs).emitWithAck('figures:join'),
  leave: (socket) => socket.emit('figures:leave'),
  snapshotOf(joined) {
    const parsed = Snapshot.safeParse(joined);
    return parsed.success ? parsed.data : undefined;
  },
  changeOf(message) {
    const parsed = Change.safeParse(message);
    return parsed.success ? parsed.data : undefined;
  },
  reduce: (_, { figures }) => ({ figures }),
};

/** The figures of this moment, live. */
@Service()
export class LiveFigures {
  readonly #session = inject(Session);
  readonly view = inject(Connection).follow(
    computed(() => (this.#session.may('fleet:view') ? figuresRoom : undefined)),
  );
  /** The newest that are known, however old; undefined until anybody has counted. */
  readonly last = computed(() => lastOf(this.view())?.figures ?? undefined);
  readonly nodes = computed(
    (): ReadonlyMap<string, NodeFigures> =>
      new Map(this.last()?.concurrency.nodes.map((node) => [node.nodeId, node]) ?? []),
  );
}
