import * as z from 'zod/mini';
import { known } from '../../known.js';
import type { EngineHealth } from '../engine.js';
import type { ExternalKind, ExternalModel } from '../external-server.js';
import { countOf, parseMetrics } from '../metrics-text.js';

/** A server may offer more models than these: what lies beyond is left out. */
export const MAX_MODELS = 64;

const name = z.string().check(z.minLength(1), z.maxLength(256));
const count = z.optional(z.nullable(z.number().check(z.gte(0))));
const text = z.optional(z.nullable(z.string().check(z.maxLength(128))));
/** Entries that are not as they should be are passed over, not the others with them. */
const entries = <T extends z.core.$ZodType>(schema: T, values: readonly unknown[]): z.output<T>[] =>
  values.flatMap((value) => {
    const parsed = z.safeParse(schema, value);
    return parsed.success ? [parsed.data] : [];
  });
const listed = (body: unknown, field: string): unknown[] => {
  const value = typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[field] : undefined;
  return Array.isArray(value) ? value.slice(0, MAX_MODELS) : [];
};

const OpenAiModel = z.object({
  id: name,
  owned_by: text,
  /** vLLM's and SGLang's. */
  max_model_len: count,
  context_length: count,
});

/** `/v1/models`, as every server of this kind answers it. Undefined when it is something else. */
export function parseModels(body: unknown): { models: ExternalModel[]; owners: string[] } | undefined {
  const isList = typeof body === 'object' && body !== null && Array.isArray((body as { data?: unknown }).data);
  if (!isList) return undefined;
  const models = entries(OpenAiModel, listed(body, 'data'));
  return {
    models: models.map((model) =>
      known<ExternalModel>({
        name: model.id,
        kind: kindOf(model.id),
        contextTokens: model.max_model_len ?? model.context_length ?? undefined,
      }),
    ),
    owners: [...new Set(models.flatMap(({ owned_by: owner }) => owner ?? []))],
  };
}

/** Which server it is by who it says owns its models; undefined where that does not tell. */
export function kindByOwners(owners: readonly string[]): ExternalKind | undefined {
  if (owners.includes('vllm')) return 'vllm';
  return owners.includes('llamacpp') ? 'llama-server' : undefined;
}

/** Models of a Gateway or of a node of ours: what asks them would ask itself in the end. */
export const isOurs = (owners: readonly string[]): boolean => owners.includes('muster');

const OllamaTag = z.object({
  name,
  size: count,
  details: z.optional(
    z.nullable(
      z.object({
        family: text,
        parameter_size: text,
        quantization_level: text,
      }),
    ),
  ),
});
const OllamaProcess = z.object({ name, size_vram: count, context_length: count });

/** Ollama's `/api/tags` (what it has) and `/api/ps` (what is in memory). */
export function parseOllama(tags: unknown, running: unknown): ExternalModel[] {
  const loaded = new Map(entries(OllamaProcess, listed(running, 'models')).map((one) => [one.name, one]));
  return entries(OllamaTag, listed(tags, 'models')).map(({ name: model, size, details }) =>
    known<ExternalModel>({
      name: model,
      kind: kindOf(`${model} ${details?.family ?? ''}`),
      family: details?.family || undefined,
      parameters: details?.parameter_size || undefined,
      quantisation: details?.quantization_level || undefined,
      sizeBytes: size ?? undefined,
      loaded: loaded.has(model),
      vramBytes: loaded.get(model)?.size_vram ?? undefined,
      contextTokens: loaded.get(model)?.context_length ?? undefined,
    }),
  );
}

const LmStudioModel = z.object({
  id: name,
  type: text,
  arch: text,
  quantization: text,
  state: text,
  max_context_length: count,
  loaded_context_length: count,
});

/** LM Studio's `/api/v0/models`. */
export const parseLmStudio = (body: unknown): ExternalModel[] =>
  entries(LmStudioModel, listed(body, 'data')).map((model) =>
    known<ExternalModel>({
      name: model.id,
      kind: model.type === 'embeddings' ? 'embedding' : 'chat',
      family: model.arch || undefined,
      quantisation: model.quantization || undefined,
      contextTokens: model.loaded_context_length ?? model.max_context_length ?? undefined,
      loaded: model.state == null ? undefined : model.state === 'loaded',
    }),
  );

const Version = z.object({ version: z.string().check(z.minLength(1), z.maxLength(64)) });
export const parseVersion = (body: unknown): string | undefined => Version.safeParse(body).data?.version;

const Props = z.object({ total_slots: z.int().check(z.gte(1), z.lte(4096)) });
/** llama-server's `/props`. */
export const parseSlots = (body: unknown): number | undefined => Props.safeParse(body).data?.total_slots;

/** What vLLM and llama-server tell of their load at `/metrics`. */
export function parseLoad(metrics: string): EngineHealth {
  const figures = parseMetrics(metrics);
  const either = (vllm: string, llama: string) =>
    countOf(figures, `vllm:${vllm}`) ?? countOf(figures, `llamacpp:${llama}`);
  return known<EngineHealth>({
    inFlight: either('num_requests_running', 'requests_processing'),
    queued: either('num_requests_waiting', 'requests_deferred'),
    requests: countOf(figures, 'vllm:request_success_total'),
    promptTokens: either('prompt_tokens_total', 'prompt_tokens_total'),
    generatedTokens: either('generation_tokens_total', 'tokens_predicted_total'),
  });
}

/** The API does not say what a model is for; the names of those that make embeddings nearly always do. */
const kindOf = (words: string): ExternalModel['kind'] =>
  /embed|\bbert\b|-bert|\bbge\b|\be5-|\bgte-|minilm/i.test(words) ? 'embedding' : 'chat';
