import { problemsOf, readOrigin, SettingsValues } from '@muster/contracts';
import { readNumber } from '../ui/rules.js';

/** The settings as they stand in the fields of the page. */
export interface FormValues {
  delayedSeconds: string;
  loopback: boolean;
  private: boolean;
  portFrom: string;
  portTo: string;
  requestsDays: string;
  rollUpsDays: string;
  logLinesDays: string;
  /** One a line. */
  origins: string;
}

/** What the form changes; whether inference is open is asked for on its own. */
export type Edited = Omit<SettingsValues, 'inferenceOpen'>;

export const emptyForm: FormValues = {
  delayedSeconds: '',
  loopback: false,
  private: false,
  portFrom: '',
  portTo: '',
  requestsDays: '',
  rollUpsDays: '',
  logLinesDays: '',
  origins: '',
};

/** The settings as text. */
export const formOf = ({ delayedThresholdMs, dial, retention, allowedOrigins }: Edited): FormValues => ({
  delayedSeconds: String(delayedThresholdMs / 1000),
  loopback: dial.loopback,
  private: dial.private,
  portFrom: String(dial.ports.from),
  portTo: String(dial.ports.to),
  requestsDays: String(retention.requestsDays),
  rollUpsDays: String(retention.rollUpsDays),
  logLinesDays: String(retention.logLinesDays),
  origins: allowedOrigins.join('\n'),
});

/** Seconds as people write them, `2.5` or `2,5`, in whole milliseconds; NaN for anything else. */
export const readSeconds = (text: string): number =>
  /^\d+(?:[.,]\d{1,3})?$/.test(text.trim()) ? Math.round(Number(text.trim().replace(',', '.')) * 1000) : NaN;

const originIn = (line: string): string => {
  const read = readOrigin(line);
  return 'origin' in read ? read.origin : line;
};

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** What the fields say; numbers that are none are NaN, which no schema takes. */
export const settingsOf = (form: FormValues): Edited => ({
  delayedThresholdMs: readSeconds(form.delayedSeconds),
  dial: {
    loopback: form.loopback,
    private: form.private,
    ports: { from: readNumber(form.portFrom), to: readNumber(form.portTo) },
  },
  retention: {
    requestsDays: readNumber(form.requestsDays),
    rollUpsDays: readNumber(form.rollUpsDays),
    logLinesDays: readNumber(form.logLinesDays),
  },
  allowedOrigins: linesOf(form.origins).map(originIn),
});

/** Which field of the page a field of the contract is; undefined for one that is not on it. */
export function fieldOf(name: string): keyof FormValues | undefined {
  if (name.startsWith('allowedOrigins')) return 'origins';
  return names[name];
}

const names: Readonly<Record<string, keyof FormValues>> = {
  delayedThresholdMs: 'delayedSeconds',
  'dial.ports.from': 'portFrom',
  'dial.ports.to': 'portTo',
  'retention.requestsDays': 'requestsDays',
  'retention.rollUpsDays': 'rollUpsDays',
  'retention.logLinesDays': 'logLinesDays',
};

/** What is wrong, by field of the page, in the words of the contract. */
export function problemsIn(form: FormValues): Partial<Record<keyof FormValues, string>> {
  const parsed = SettingsValues.safeParse({ ...settingsOf(form), inferenceOpen: false });
  const problems: Partial<Record<keyof FormValues, string>> = {};
  if (parsed.success) return problems;
  const lines = linesOf(form.origins);
  for (const { field, words } of problemsOf(parsed.error)) {
    const name = fieldOf(field);
    const line = /^allowedOrigins\.(\d+)$/.exec(field)?.[1];
    if (name !== undefined) problems[name] ??= line === undefined ? words : `${lines[Number(line)] ?? ''}: ${words}`;
  }
  return problems;
}

/** Which of the settings the form says otherwise than they are: only those are sent. */
export function changesIn(form: FormValues, before: Edited): Partial<Edited> {
  const now = settingsOf(form);
  return Object.fromEntries(
    Object.entries(now).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof Edited]),
    ),
  );
}
