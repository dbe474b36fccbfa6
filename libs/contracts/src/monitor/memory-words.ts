import type { MemoryEstimate, MemoryPool } from './memory-estimate.js';

const GIB = 1024 ** 3;

/** Gibibytes with one digit, or two below one: a person compares these. */
const gib = (bytes: number): string => `${(bytes / GIB).toFixed(bytes < GIB ? 2 : 1)} GiB`;

const names = { ram: 'memory', vram: 'graphics memory', unified: 'shared memory' } as const satisfies Record<
  MemoryPool['of'],
  string
>;

const needOf = ({ of, needBytes, freeBytes }: MemoryPool): string =>
  freeBytes === undefined
    ? `${gib(needBytes)} of ${names[of]}`
    : `${gib(needBytes)} of ${names[of]}, ${gib(freeBytes)} free`;

/** What a start with this estimate takes, as one line for a person, and what to think of it when it is not simply well. */
export function describeEstimate(estimate: MemoryEstimate): { needs: string; warning?: string } {
  const needs = `Needs about ${estimate.pools.map(needOf).join('; ')}.`;
  const warning = warningOf(estimate);
  return warning === undefined ? { needs } : { needs, warning };
}

function warningOf({ verdict, pools, gpuLayers, layers }: MemoryEstimate): string | undefined {
  switch (verdict) {
    case 'fits':
      return undefined;
    case 'tight':
      return 'It fits with little to spare: whatever else starts on the node can push it out.';
    case 'partly':
      return (
        `Only ${gpuLayers} of ${layers} layers have room in graphics memory. ` +
        'The others are computed by the processor, which is many times slower.'
      );
    case 'not-known':
      return 'The node does not tell how much memory is free.';
    case 'does-not-fit': {
      const short = pools.find(({ needBytes, freeBytes = Infinity }) => needBytes > freeBytes);
      const missing = short?.freeBytes === undefined ? '' : ` ${gib(short.needBytes - short.freeBytes)} are missing.`;
      return `It will not fit.${missing} Take less context, fewer slots or a smaller model, or stop another one first.`;
    }
  }
}
