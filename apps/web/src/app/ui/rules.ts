import { type FieldContext, type SchemaPath, validate } from '@angular/forms/signals';
import { problemsOf } from '@muster/contracts';
import type * as z from 'zod/mini';

/** What is wrong with a value by a schema of the contracts: the first thing, in its words. */
export function problemWith(schema: z.ZodMiniType, value: unknown): string | undefined {
  const parsed = schema.safeParse(value);
  return parsed.success ? undefined : problemsOf(parsed.error)[0]?.words;
}

/** The field holds what the schema of the contracts takes: the page and the server judge by the same rule. */
export function holds(path: SchemaPath<string>, schema: z.ZodMiniType, read: (text: string) => unknown = String): void {
  validate(path, ({ value }) => {
    const message = problemWith(schema, read(value()));
    return message === undefined ? undefined : { kind: 'rule', message };
  });
}

/** The field holds something that nobody else has. `problemWith` says what is wrong, or undefined. */
export function free(
  path: SchemaPath<string>,
  problemWith: (text: string, context: FieldContext<string>) => string | undefined,
): void {
  validate(path, (context) => {
    const message = problemWith(context.value(), context);
    return message === undefined ? undefined : { kind: 'taken', message };
  });
}

/** The number that a text shows, NaN when it shows none: no sign, no exponent, no white space within. */
export const readNumber = (text: string): number => (/^\d+$/.test(text.trim()) ? Number(text.trim()) : NaN);
