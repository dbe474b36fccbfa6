import { signal, type WritableSignal } from '@angular/core';
import { type FieldTree, type SchemaPathTree, validate } from '@angular/forms/signals';
import { AllowedModels, ApiKeyName, KeyLimits, type ListedApiKey } from '@muster/contracts';
import { holds, problemWith, readNumber } from '../ui/rules.js';

/** Name and bounds of a key as they are typed: empty stands for none. */
export interface TypedBounds {
  name: string;
  /** With commas between. */
  models: string;
  /** A day, as `2027-01-31`: the key holds to its end. */
  expires: string;
  concurrent: string;
  requestsPerMinute: string;
  tokensPerMinute: string;
}

const limits = ['concurrent', 'requestsPerMinute', 'tokensPerMinute'] as const;

/** The same as the server has it; null for none. */
export interface Bounds {
  readonly name: string;
  readonly models: string[] | null;
  readonly expiresAt: string | null;
  readonly limits: KeyLimits | null;
}

export const typedBounds = (key?: ListedApiKey): WritableSignal<TypedBounds> =>
  signal({
    name: key?.name ?? '',
    models: key?.models?.join(', ') ?? '',
    expires: key?.expiresAt === undefined ? '' : dayOf(key.expiresAt),
    concurrent: String(key?.limits.concurrent ?? ''),
    requestsPerMinute: String(key?.limits.requestsPerMinute ?? ''),
    tokensPerMinute: String(key?.limits.tokensPerMinute ?? ''),
  });

export function boundsOf({ name, models, expires, ...typed }: TypedBounds): Bounds {
  const given = limits.flatMap((limit) => (typed[limit].trim() === '' ? [] : [[limit, readNumber(typed[limit])]]));
  return {
    name,
    models: namesIn(models),
    expiresAt: expires === '' ? null : endOfDay(expires),
    limits: given.length === 0 ? null : (Object.fromEntries(given) as KeyLimits),
  };
}

/** The same rules as the server's, before anything is sent. */
export function boundsRules(path: SchemaPathTree<TypedBounds>): void {
  holds(path.name, ApiKeyName);
  validate(path.models, ({ value }) => {
    const names = namesIn(value());
    const message = names === null ? undefined : problemWith(AllowedModels, names);
    return message === undefined ? undefined : { kind: 'rule', message };
  });
  for (const limit of limits)
    holds(path[limit], KeyLimits.shape[limit], (text) => (text.trim() === '' ? undefined : readNumber(text)));
}

/** Where the server's words about each of them belong. */
export const boundsFields = (field: FieldTree<TypedBounds>): Record<string, FieldTree<string>> => ({
  name: field.name,
  models: field.models,
  expiresAt: field.expires,
  ...Object.fromEntries(limits.map((limit) => [`limits.${limit}`, field[limit]])),
});

const namesIn = (models: string): string[] | null => {
  const names = models.split(',').map((name) => name.trim());
  const given = names.filter((name) => name !== '');
  return given.length === 0 ? null : given;
};

/** The day of a moment where the person is, as an input of type `date` has it. */
function dayOf(at: string): string {
  const date = new Date(at);
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** The last moment of a day where the person is. */
const endOfDay = (day: string): string => new Date(`${day}T23:59:59.999`).toISOString();
