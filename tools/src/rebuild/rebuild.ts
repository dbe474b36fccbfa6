import { randomUUID } from 'node:crypto';
import { AskOutage, type Bus, connectBus } from '@muster/bus';
import { type Caller, ListProjections, Outage, RebuildProjection, type RebuildStep } from '@muster/contracts';
import { CannotGoOn, say } from '../terminal.js';

const FIRST_TRY_MS = 5_000;

/** Whoever can read the password of the bus looks after this Gateway. */
const caller = (): Caller => ({
  actor: { kind: 'gateway', id: 'npm run rebuild', name: 'npm run rebuild' },
  permissions: ['settings:manage'],
  commandId: randomUUID(),
  correlationId: randomUUID(),
});

/** Says which read models there are. Throws CannotGoOn when no Gateway answers. */
export const listProjections = (natsUrl: string): Promise<void> =>
  onBus(natsUrl, async (bus) => {
    const { projections } = await bus.ask(ListProjections, {}, caller());
    for (const { name, tables, position } of projections)
      say(
        `${name.padEnd(12)} ${tables.join(', ')}${position === undefined ? '; written with the facts themselves' : `; at position ${position}`}`,
      );
    say('\nnpm run rebuild -- <name> makes one of them anew from the facts.');
  });

/** Rebuilds one and says how far it has come, and how it ended. Throws a Refusal when there is none of that name. */
export const rebuildOne = (natsUrl: string, projection: string): Promise<void> =>
  onBus(natsUrl, async (bus) => {
    const leave = new AbortController();
    const stop = () => leave.abort();
    process.once('SIGINT', stop);
    try {
      for await (const step of bus.askStream(RebuildProjection, { projection }, caller(), { signal: leave.signal }))
        tell(projection, step);
    } catch (error) {
      if (leave.signal.aborted) throw new CannotGoOn('Taken back: nothing has changed.', { cause: error });
      throw error;
    } finally {
      process.off('SIGINT', stop);
    }
  });

function tell(name: string, step: RebuildStep): void {
  if (step.step === 'replaying') {
    const percent = step.of === 0 ? 100 : Math.floor((step.done / step.of) * 100);
    say(`${name}: ${step.done} of ${step.of} facts replayed (${percent} %)`);
    return;
  }
  const { position, same, liveHash, rebuiltHash, parked, tookMs } = step;
  say(`${name}: rebuilt up to position ${position} in ${(tookMs / 1000).toFixed(1)} s`);
  say(`  live    ${liveHash}\n  rebuilt ${rebuiltHash}`);
  say(
    same
      ? '  The live tables were what the facts make of them.'
      : '  They differed: the rebuilt ones are in place now.',
  );
  if (parked > 0) say(`  ${parked} streams could not be replayed to their end: see Parked facts in the console.`);
}

async function onBus(natsUrl: string, work: (bus: Bus) => Promise<void>): Promise<void> {
  const bus = await connectBus({ servers: natsUrl, name: 'npm run rebuild', firstTryMs: FIRST_TRY_MS }).catch(
    (error: unknown) => {
      if (!(error instanceof Outage)) throw error;
      throw new CannotGoOn('The bus does not answer. Muster has to be running: start it with npm start.', {
        cause: error,
      });
    },
  );
  try {
    await work(bus);
  } catch (error) {
    if (!(error instanceof AskOutage) || error.problem !== 'no-responders') throw error;
    throw new CannotGoOn('The registry does not run. Muster has to be running: start it with npm start.', {
      cause: error,
    });
  } finally {
    await bus.close();
  }
}
