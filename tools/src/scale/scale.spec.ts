import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assumed, measured, scaleOf, shown } from './scale.js';

const page = readFileSync(join(import.meta.dirname, '../../../docs/scale.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

describe('the reckoning of docs/scale.md', () => {
  const columns = [1_000, 10_000, 100_000].map(scaleOf);

  it.each(Object.keys(columns[0] ?? {}))('says of "%s" what follows from the figures', (what) => {
    const [, , ...cells] = rows.find(([first]) => first === what) ?? [];
    expect(cells).toEqual(columns.map((column) => shown(column[what] ?? Number.NaN)));
  });

  it('names every figure and every assumption that it goes by', () => {
    const words = [
      ...[measured.sampleBytes, measured.loadBytes, measured.minuteRowBytes, measured.logRowBytes],
      ...[measured.requestRowBytes, measured.monitorBaseMib, measured.routerRequestsPerSecond],
      ...[measured.factsCountedPerSecond, assumed.healthFactsPerNodeAndDay, assumed.openConsoles, assumed.gateways],
    ].map((figure) => figure.toLocaleString('en'));
    const absent = [...words, `${measured.monitorCorePercentPerNode} %`, `${measured.monitorMibPerNode} MiB`].filter(
      (word) => !page.includes(word),
    );
    expect(absent).toEqual([]);
  });
});
