import en from 'zod/v4/locales/en.js';
import * as z from 'zod/mini';
import { type FieldProblem, Refusal } from './refusal.js';

// The small build of zod brings no words of its own: where a schema gives none, these stand in.
z.config(en());

const fieldOf = (path: readonly PropertyKey[]): string => path.map(String).join('.');

/** The issues of a failed parse as fields and words, in the order of the schema. */
export const problemsOf = (error: z.core.$ZodError): FieldProblem[] =>
  error.issues.map((issue) => ({ field: fieldOf(issue.path), words: issue.message }));

/** Parses input from a person or a program outside. Throws the Refusal `bad-input` that names every field and its rule. */
export function parseInput<T extends z.ZodMiniType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data as z.output<T>;
  const fields = problemsOf(parsed.error);
  const [first] = fields;
  throw new Refusal('bad-input', { fields, ...(first ? { field: first.field, words: first.words } : {}) });
}
