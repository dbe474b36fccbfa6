import {
  type Hardware,
  type LogLine,
  type NodeCondition,
  type Executor,
  readableLine,
  readableText,
} from '@muster/contracts';
import type { FromNode, Hello } from './frames.js';

/** A node's own name for its parts may be anything: shorter than it may be after its controls were made visible, it is cut. */
const short = (text: string, longest: number): string => readableText(text).slice(0, longest);

const readableHardware = (hardware: Hardware): Hardware => ({
  ...hardware,
  hostname: short(hardware.hostname, 256),
  platform: short(hardware.platform, 128),
  cpu: { ...hardware.cpu, model: short(hardware.cpu.model, 256) },
  gpus: hardware.gpus.map((gpu) => ({ ...gpu, name: short(gpu.name, 256) })),
});

const readableCondition = (condition: NodeCondition): NodeCondition =>
  condition.condition === 'error' ? { ...condition, message: short(condition.message, 1024) } : condition;

const readableExecutors = (executors: readonly Executor[]): Executor[] =>
  executors.map((executor) => ({
    ...executor,
    executorId: short(executor.executorId, 128),
    model: short(executor.model, 256),
  }));

function readableLogLine(line: LogLine): LogLine {
  const { message, cutBytes = 0 } = readableLine(line.message);
  const cut = cutBytes + (line.cutBytes ?? 0);
  return { ...line, source: short(line.source, 64), message, ...(cut > 0 ? { cutBytes: cut } : {}) };
}

export const readableHello = ({ version, run, name, log, hardware, condition, executors }: Hello): Hello => ({
  version: short(version, 64),
  run,
  ...(name === undefined ? {} : { name }),
  ...(log === undefined ? {} : { log }),
  hardware: readableHardware(hardware),
  condition: readableCondition(condition),
  executors: readableExecutors(executors),
});

/** A node is not trusted to have made its own text inert: from here on it is, whichever node sent it. */
export function readable(frame: FromNode): FromNode {
  switch (frame.type) {
    case 'hello':
      return { ...frame, ...readableHello(frame) };
    case 'lines':
      return { ...frame, lines: frame.lines.map(readableLogLine) };
    case 'condition':
      return { ...frame, condition: readableCondition(frame.condition) };
    case 'executors':
      return { ...frame, executors: readableExecutors(frame.executors) };
    case 'hardware':
      return { ...frame, hardware: readableHardware(frame.hardware) };
    case 'samples':
    case 'gap':
    case 'pong':
    case 'goodbye':
      return frame;
  }
}
