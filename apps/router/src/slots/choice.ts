/** What the choice looks at. */
export interface Candidate {
  /** Stable over the life of the executor: affinity is drawn by it. */
  readonly id: string;
  readonly slots: number;
  readonly inFlight: number;
  /** How long its requests took of late; undefined when there were none. */
  readonly recentMs: number | undefined;
}

export interface Wish {
  /** Names the beginning of the prompt: who had the same one before may still have it in memory. */
  readonly prefix: number | undefined;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** Of two that are equally loaded, one that takes this much longer than the other is passed over. */
const MUCH_SLOWER = 2;

/**
 * Which of these executors takes the next request: one with a free slot, and of those the one with the least part of its
 * slots in use; among equals two draws, weighted by their slots, of which one that is much slower loses. While all are loaded
 * alike, by one slot at most, requests with the same beginning go to the same executor. undefined when no slot is free.
 */
export function choose<C extends Candidate>(candidates: readonly C[], { prefix, random }: Wish): C | undefined {
  let least = Infinity;
  let lowest = Infinity;
  let highest = -Infinity;
  for (const { slots, inFlight } of candidates) {
    lowest = Math.min(lowest, inFlight);
    highest = Math.max(highest, inFlight);
    if (inFlight < slots) least = Math.min(least, inFlight / slots);
  }
  if (least === Infinity) return undefined;
  if (prefix !== undefined && highest - lowest <= 1) return nearest(candidates, prefix);
  const equals = candidates.filter(({ slots, inFlight }) => inFlight < slots && inFlight / slots === least);
  const [first, second] = [draw(equals, random), draw(equals, random)];
  if (first === undefined || second === undefined || first === second) return first;
  const slower = (first.recentMs ?? 0) > MUCH_SLOWER * (second.recentMs ?? Infinity);
  return slower ? second : first;
}

/** One of them, each as likely as it has slots. */
function draw<C extends Candidate>(candidates: readonly C[], random: () => number): C | undefined {
  if (candidates.length <= 1) return candidates[0];
  let rest = random() * candidates.reduce((sum, { slots }) => sum + slots, 0);
  for (const candidate of candidates) {
    rest -= candidate.slots;
    if (rest < 0) return candidate;
  }
  return candidates.at(-1);
}

/** Rendezvous hashing: each pair of beginning and executor has a number, the highest wins; one executor less moves only its own. */
function nearest<C extends Candidate>(candidates: readonly C[], prefix: number): C | undefined {
  let best: C | undefined;
  let highest = -1;
  for (const candidate of candidates) {
    if (candidate.inFlight >= candidate.slots) continue;
    const number = hashOf(candidate.id, prefix);
    if (number > highest) {
      highest = number;
      best = candidate;
    }
  }
  return best;
}

/** FNV-1a over the UTF-16 units, 32 bits, with the finish of MurmurHash3, since the last units alone stir too little. */
export function hashOf(text: string, seed = 0): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
