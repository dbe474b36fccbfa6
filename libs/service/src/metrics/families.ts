/** The types of the Prometheus text format 0.0.4 that are used here. */
export const familyTypes = ['counter', 'gauge', 'histogram', 'summary', 'untyped'] as const;
export type FamilyType = (typeof familyTypes)[number];

export type Labels = Readonly<Record<string, string>>;

/** The samples of one name, as the text format has them: each a line. */
export interface Family {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly lines: readonly string[];
}

/** What is served under these formats: the text format of Prometheus, version 0.0.4. */
export const METRICS_MEDIA = 'text/plain; version=0.0.4; charset=utf-8';

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (NaN|[+-]Inf|[-+0-9.eE]+)$/s;
/** What a name may end with beside the family's own. */
const SUFFIX = /_(?:bucket|sum|count)$/;

/** The text is not in the format, or not in the part of it that services write. */
export class NotMetrics extends Error {
  override readonly name = 'NotMetrics';
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

const labelsText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');

const numberText = (value: number): string => {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
};

export interface Reading {
  readonly value: number;
  readonly labels?: Labels;
}

/** A family of single values. Throws on a name that the format does not know. */
export function familyOf(name: string, type: 'counter' | 'gauge', help: string, readings: Iterable<Reading>): Family {
  if (!NAME.test(name)) throw new Error(`${name} is no name of a metric`);
  const lines = [...readings].map(({ value, labels = {} }) => {
    const text = labelsText(labels);
    return `${name}${text === '' ? '' : `{${text}}`} ${numberText(value)}`;
  });
  return { name, type, help, lines };
}

/** The same samples with these labels before their own. */
export function labelled({ lines, ...family }: Family, labels: Labels): Family {
  const text = labelsText(labels);
  if (text === '') return { ...family, lines };
  return {
    ...family,
    lines: lines.map((line) => {
      const end = line.search(/[{ ]/);
      const rest = line.slice(end);
      const name = line.slice(0, end);
      return rest.startsWith('{') && rest[1] !== '}'
        ? `${name}{${text},${rest.slice(1)}`
        : `${name}{${text}}${rest.replace(/^\{\}/, '')}`;
    }),
  };
}

/** Reads what `writeFamilies` or prom-client wrote. Throws NotMetrics at the first line that is none of theirs. */
export function readFamilies(text: string): Family[] {
  const families: (Omit<Family, 'lines' | 'type'> & { type: FamilyType; lines: string[] })[] = [];
  let help: { name: string; words: string } | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, about, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/s.exec(line) ?? [];
    if (about === 'HELP') help = { name, words: rest };
    else if (about === 'TYPE') {
      const type = familyTypes.find((each) => each === rest);
      if (type === undefined || !NAME.test(name)) throw new NotMetrics('A type is not of the text format');
      families.push({ name, type, help: help?.name === name ? help.words : '', lines: [] });
    } else {
      const family = families.at(-1);
      const [, sample = ''] = LINE.exec(line) ?? [];
      if (family === undefined || (sample !== family.name && sample.replace(SUFFIX, '') !== family.name))
        throw new NotMetrics('A line is not a sample of the family before it');
      family.lines.push(line);
    }
  }
  return families;
}

/**
 * Families of several sources as one list: samples of one name stand together, as the format asks. Of a name that has another
 * type elsewhere, as it may between two releases, the first type counts and the others are left out and counted.
 */
export function mergeFamilies(sources: Iterable<readonly Family[]>): { families: Family[]; leftOut: number } {
  const merged = new Map<string, Family & { lines: string[] }>();
  let leftOut = 0;
  for (const families of sources)
    for (const family of families) {
      const known = merged.get(family.name);
      if (known === undefined) merged.set(family.name, { ...family, lines: [...family.lines] });
      else if (known.type !== family.type) leftOut += 1;
      else for (const line of family.lines) known.lines.push(line);
    }
  return { families: [...merged.values()], leftOut };
}

/** The text format 0.0.4. A family without samples has its help and type all the same: whoever reads it knows what there can be. */
export const writeFamilies = (families: Iterable<Family>): string =>
  [...families]
    .map(({ name, type, help, lines }) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n'))
    .join('');
