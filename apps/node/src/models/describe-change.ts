import type { LogLevel, Model } from '@muster/contracts';

/** So many changes at once are told one by one; of more only their number. */
const MOST_LINES = 20;

interface Line {
  readonly level: LogLevel;
  readonly words: string;
}

/** What changed among the models, in lines for the log. One that is being written is told of when that is over. */
export function describeChange(before: readonly Model[], after: readonly Model[]): Line[] {
  const known = new Map(before.map((model) => [model.modelId, model]));
  const left = new Set(after.map(({ modelId }) => modelId));
  const lines = [
    ...before.filter(({ modelId }) => !left.has(modelId)).map(({ modelId }) => line('info', `${modelId} is gone`)),
    ...after.flatMap((model) => changeOf(known.get(model.modelId), model) ?? []),
  ];
  if (lines.length <= MOST_LINES) return lines;
  const problems = lines.filter(({ level }) => level === 'warning').length;
  return [line('info', `${lines.length} changes of models, ${problems} with a problem; ${after.length} models now`)];
}

const line = (level: LogLevel, words: string): Line => ({ level, words });

function changeOf(before: Model | undefined, { modelId, problem, ...model }: Model): Line | undefined {
  if (problem !== undefined)
    return problem === before?.problem || problem === BEING_WRITTEN
      ? undefined
      : line('warning', `${modelId} can not be used: ${problem}`);
  const usable = before !== undefined && before.problem === undefined;
  if (usable && before.sizeBytes === model.sizeBytes && before.title === model.title) return undefined;
  const parameters = model.parameters === undefined ? undefined : `${parametersOf(model.parameters)} parameters`;
  const figures = [model.kind, model.family, parameters, model.quantisation].filter((figure) => figure !== undefined);
  return line('info', `${modelId} is ${usable ? 'another now' : 'there'}: ${figures.join(', ')}`);
}

export const BEING_WRITTEN = 'It is being written.';

/** As models are spoken of: 8.0 B, 137 M. */
const parametersOf = (count: number): string =>
  count >= 1e9 ? `${(count / 1e9).toFixed(1)} B` : count >= 1e6 ? `${Math.round(count / 1e6)} M` : String(count);
