import type { ExecutorSample } from '@muster/contracts';
import type { EngineHealth } from '../engines/engine.js';

type Told = Pick<ExecutorSample, 'tokensPerSecond' | 'memoryBytes' | 'vramBytes'>;

const sound = (figure: number | undefined): figure is number =>
  figure !== undefined && Number.isFinite(figure) && figure >= 0 && figure <= Number.MAX_SAFE_INTEGER;

/** What an engine says of its load, as a sample has it. A figure that is none is left out, and spoils no other. */
export const figuresOf = ({ tokensPerSecond, memoryBytes, vramBytes }: EngineHealth): Told => ({
  ...(sound(tokensPerSecond) ? { tokensPerSecond } : {}),
  ...(sound(memoryBytes) ? { memoryBytes: Math.floor(memoryBytes) } : {}),
  ...(sound(vramBytes) ? { vramBytes: Math.floor(vramBytes) } : {}),
});

/** A count that somebody else tells; 0 where it is none. */
export const countOf = (figure: number | undefined): number => (sound(figure) ? Math.floor(figure) : 0);
