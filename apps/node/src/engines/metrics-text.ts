/**
 * The figures in a text of Prometheus's exposition format, by name; those that differ only in their labels are summed.
 * Lines that are none are passed over: what else a server tells there is its own business.
 */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  const figures = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([A-Za-z_:][\w:]*)(?:\{.*\})? +(\S+)/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    const number = Number(value);
    if (Number.isFinite(number)) figures.set(name, (figures.get(name) ?? 0) + number);
  }
  return figures;
}

/** A count in such figures, undefined where it is not told or makes no sense. */
export const countOf = (figures: ReadonlyMap<string, number>, name: string): number | undefined => {
  const value = figures.get(name);
  return value !== undefined && value >= 0 ? Math.round(value) : undefined;
};
