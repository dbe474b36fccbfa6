import type { Executor, Model } from '@muster/contracts';

/** One line of the panel: a model of the node, its executor, or both. */
export interface ExecutorRow {
  readonly key: string;
  /** What requests ask for. */
  readonly name: string;
  /** Absent when its file is gone, or the node tells too many. */
  readonly model: Model | undefined;
  readonly executor: Executor | undefined;
}

const rank = ({ executor, model }: ExecutorRow): number =>
  executor === undefined ? (model?.problem === undefined ? 2 : 3) : executor.state === 'offline' ? 1 : 0;

/** Executors that run come first, then those that could, then models that can not be used; by name among equals. */
export function rowsOf(models: readonly Model[], executors: readonly Executor[]): ExecutorRow[] {
  const byModel = new Map(executors.map((executor) => [executor.modelId || executor.model, executor]));
  const rows = models.map((model): ExecutorRow => {
    const executor = byModel.get(model.modelId);
    byModel.delete(model.modelId);
    return { key: model.modelId, name: model.name, model, executor };
  });
  for (const [key, executor] of byModel) rows.push({ key, name: executor.model, model: undefined, executor });
  return rows.sort(
    (one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name, undefined, { numeric: true }),
  );
}

/** "2 online of 4": how many of those that can be used are online. */
export function onlineWords(rows: readonly ExecutorRow[]): string {
  const usable = rows.filter(({ model }) => model?.problem === undefined);
  const online = usable.filter(({ executor }) => executor?.state === 'online').length;
  return `${online} online of ${usable.length}`;
}
