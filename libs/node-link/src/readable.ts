import {
  type ExecutorFailure,
  type Hardware,
  type LogLine,
  type NodeCondition,
  type Executor,
  type Model,
  type NodeOutcome,
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
    modelId: short(executor.modelId, 256),
    model: short(executor.model, 256),
    ...(executor.words === undefined ? {} : { words: short(executor.words, 512) }),
    ...(executor.failure && { failure: readableFailure(executor.failure) }),
  }));

const readableFailure = ({ words, signal, ...rest }: ExecutorFailure): ExecutorFailure => ({
  ...rest,
  words: short(words, 512),
  ...(signal === undefined ? {} : { signal: short(signal, 16) }),
});

const modelTexts = {
  modelId: 256,
  name: 256,
  title: 256,
  family: 64,
  quantisation: 64,
  path: 4096,
  problem: 512,
} as const;

const readableModel = (model: Model): Model => ({
  ...model,
  ...Object.fromEntries(
    Object.entries(modelTexts).flatMap(([field, longest]) => {
      const text = model[field as keyof typeof modelTexts];
      return text === undefined ? [] : [[field, short(text, longest)]];
    }),
  ),
});

/** The same for what comes of an order. */
export function readableOutcome(outcome: NodeOutcome): NodeOutcome {
  switch (outcome.outcome) {
    case 'done':
      return { ...outcome, done: { ...outcome.done, model: short(outcome.done.model, 256) } };
    case 'lines': {
      const { lines, failure, ...rest } = outcome.lines;
      return {
        outcome: 'lines',
        lines: {
          ...rest,
          ...(failure && { failure: readableFailure(failure) }),
          lines: lines.map((line) => ({ ...line, message: readableLine(line.message).message })),
        },
      };
    }
    case 'refused':
      return { ...outcome, ...(outcome.words === undefined ? {} : { words: short(outcome.words, 512) }) };
    case 'failed':
      return { ...outcome, words: short(outcome.words, 512) };
  }
}

function readableLogLine(line: LogLine): LogLine {
  const { message, cutBytes = 0 } = readableLine(line.message);
  const executor = line.executorId === undefined ? {} : { executorId: short(line.executorId, 128) };
  const cut = cutBytes + (line.cutBytes ?? 0);
  return { ...line, source: short(line.source, 64), ...executor, message, ...(cut > 0 ? { cutBytes: cut } : {}) };
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
    case 'models':
      return { ...frame, models: frame.models.map(readableModel) };
    case 'outcome':
      return { ...frame, outcome: readableOutcome(frame.outcome) };
    case 'samples':
    case 'ticket':
    case 'gap':
    case 'pong':
    case 'goodbye':
      return frame;
  }
}
