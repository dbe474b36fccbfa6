import { type HealthEvent, type Status, statusReasons } from '@muster/contracts';
import fc from 'fast-check';
import { nothingTold, tell, type Told } from './health-teller.js';

const nodeId = '0f8fad5b-d9cb-469f-a165-70867728950e';
const at = '2026-11-23T12:00:00.000Z';
const status = (reason: Status['reason']): Status => ({ colour: 'red', reason, words: reason, clears: '', since: at });
const lost: HealthEvent = { type: 'NodeLost', data: { nodeId, cause: 'closed', at } };
const observed = (reason: Status['reason'], nowMs: number, happened: HealthEvent[] = []) => ({
  nodeId,
  status: status(reason),
  happened,
  at,
  nowMs,
});

const tellAll = (rounds: ReturnType<typeof observed>[], from: Told = nothingTold(undefined)) => {
  let told = from;
  return rounds.map((round) => {
    const step = tell(told, round);
    told = step.told;
    return step.facts;
  });
};

describe('what is told of a node', () => {
  it('is one fact for a change of status, and nothing while it stays', () => {
    const [first, second, third] = tellAll([
      observed('healthy', 0),
      observed('healthy', 1_000),
      observed('stale', 2_000),
    ]);
    expect(first).toMatchObject([{ type: 'NodeStatusChanged', data: { to: { reason: 'healthy' } } }]);
    expect(second).toEqual([]);
    expect(third).toMatchObject([{ data: { from: { reason: 'healthy' }, to: { reason: 'stale' } } }]);
  });

  it('leaves settling out: the connection was told, and health will be', () => {
    const [, settling, healthy] = tellAll([observed('refused', 0), observed('settling', 1), observed('healthy', 2)]);
    expect(settling).toEqual([]);
    expect(healthy).toMatchObject([{ data: { from: { reason: 'refused' }, to: { reason: 'healthy' } } }]);
  });

  it('is nothing when a monitor takes over a node whose status stays', () => {
    expect(tell(nothingTold(status('refused')), observed('refused', 0)).facts).toEqual([]);
  });

  it('sums up what came too fast with the first fact that there is room for', () => {
    const wild = Array.from({ length: 10 }, (_, turn) =>
      observed(turn % 2 === 0 ? 'refused' : 'healthy', turn * 1_000),
    );
    const facts = tellAll([...wild, observed('healthy', 59_000), observed('healthy', 60_000)]);
    expect(facts.slice(0, 6).flat()).toHaveLength(6);
    expect(facts.slice(6, 11).flat()).toEqual([]);
    expect(facts[11]).toMatchObject([{ data: { to: { reason: 'healthy' }, leftOut: 4 } }]);
  });

  it('is never more than six facts in any minute, and every one left out is counted', () => {
    const round = fc.record({
      reason: fc.constantFrom(...statusReasons),
      passedMs: fc.nat(20_000),
      happened: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(round, { maxLength: 60 }), (rounds) => {
        let told = nothingTold(undefined);
        let nowMs = 0;
        const stamps: number[] = [];
        let happened = 0;
        let leftOut = 0;
        let toldBeside = 0;
        for (const { reason, passedMs, happened: events } of rounds) {
          nowMs += passedMs;
          happened += events;
          const step = tell(told, observed(reason, nowMs, Array<HealthEvent>(events).fill(lost)));
          told = step.told;
          for (const fact of step.facts) {
            stamps.push(nowMs);
            if (fact.type === 'NodeStatusChanged') leftOut += fact.data.leftOut ?? 0;
            else toldBeside += 1;
          }
        }
        for (const from of stamps) {
          expect(stamps.filter((stamp) => stamp >= from && stamp < from + 60_000).length).toBeLessThanOrEqual(6);
        }
        expect(toldBeside + leftOut + told.leftOut).toBeGreaterThanOrEqual(happened);
      }),
    );
  });
});
