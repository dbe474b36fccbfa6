import * as z from 'zod/mini';
import { badValue, OpenAiError } from './openai-error.js';

/** `null` means "not given" in this API. */
export const given = <T extends z.core.$ZodType>(schema: T) => z.optional(z.nullable(schema));

const number = (gte: number, lte: number) => given(z.number().check(z.gte(gte), z.lte(lte)));
const count = (gte: number) => given(z.int().check(z.gte(gte)));

/** What chat and plain completions have in common. Ranges are those of the OpenAI API, or llama.cpp's where it has none. */
export const samplingFields = {
  model: given(z.string()),
  stream: given(z.boolean()),
  stream_options: given(z.object({ include_usage: given(z.boolean()) })),
  max_tokens: count(1),
  temperature: number(0, 2),
  top_p: number(0, 1),
  top_k: count(0),
  min_p: number(0, 1),
  seed: given(z.int()),
  stop: given(z.union([z.string(), z.array(z.string()).check(z.maxLength(16))])),
  frequency_penalty: number(-2, 2),
  presence_penalty: number(-2, 2),
  repeat_penalty: number(0, 2),
  logit_bias: given(z.record(z.string().check(z.regex(/^\d+$/)), z.number().check(z.gte(-100), z.lte(100)))),
  n: given(z.int()),
};

/**
 * A body as the schema has it. Throws OpenAiError that names the first field that is wrong. A field that nobody knows is
 * ignored: clients of later versions of the API send such.
 */
export function parseBody<T extends z.core.$ZodType>(schema: T, body: unknown): z.output<T> {
  const parsed = z.safeParse(schema, body);
  if (parsed.success) return parsed.data;
  const issue = deepest(parsed.error.issues[0]);
  const param = pathText(issue?.path ?? []);
  if (issue !== undefined && param !== '' && valueAt(body, issue.path) === undefined)
    throw new OpenAiError(400, `Missing required parameter: '${param}'.`, 'missing_required_parameter', param);
  throw badValue(param, `${param === '' ? 'The body' : `'${param}'`} is not valid: ${issue?.message ?? 'unknown'}.`);
}

const valueAt = (body: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (value, part) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined,
    body,
  );

type Issue = z.core.$ZodIssue;

/** In a choice of shapes the one that came furthest says best what is wrong. */
function deepest(issue: Issue | undefined): Issue | undefined {
  if (issue?.code !== 'invalid_union') return issue;
  const inner = issue.errors
    .flatMap((issues) => issues.slice(0, 1))
    .map((one) => deepest({ ...one, path: [...issue.path, ...one.path] } as Issue))
    .filter((one) => one !== undefined)
    .sort((a, b) => b.path.length - a.path.length);
  const [best] = inner;
  return best !== undefined && best.path.length > issue.path.length ? best : issue;
}

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, part) =>
      typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`,
    '',
  );
