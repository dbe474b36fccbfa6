import { known } from '../../known.js';
import { ask } from '../ask.js';
import { type EngineAddress, EngineFailure, type EngineHealth } from '../engine.js';
import type { ExternalServer } from '../external-server.js';
import {
  isOurs,
  kindByOwners,
  parseLmStudio,
  parseLoad,
  parseModels,
  parseOllama,
  parseSlots,
  parseVersion,
} from './answers.js';

const ANSWER_WITHIN_MS = 3_000;
const ANSWER_MAX_BYTES = 4 * 1024 * 1024;

/**
 * What answers at an address: which server, with which models, under what load. Rejects with EngineFailure when nothing
 * does, or something that is no such server, or Muster itself.
 */
export async function readServer(address: EngineAddress, signal: AbortSignal): Promise<ExternalServer> {
  const options = { withinMs: ANSWER_WITHIN_MS, maxBytes: ANSWER_MAX_BYTES, signal };
  const text = async (path: string): Promise<string | undefined> => {
    const answer = await ask(address, path, options).catch(() => undefined);
    return answer?.status === 200 ? answer.text : undefined;
  };
  const json = async (path: string): Promise<unknown> => jsonOf(await text(path));

  const { status, text: body } = await ask(address, '/v1/models', options);
  if (status === 401 || status === 403)
    throw new EngineFailure(`${address.origin} asks for a key, and does not take ours`);
  const listed = status === 200 ? parseModels(jsonOf(body)) : undefined;
  if (listed === undefined) throw new EngineFailure(`What answers at ${address.origin} is no OpenAI-style server`);
  if (isOurs(listed.owners)) throw new EngineFailure(`What answers at ${address.origin} is Muster itself`);
  const server = (
    rest: Omit<ExternalServer, 'id' | 'address' | 'health'> & { health?: EngineHealth },
  ): ExternalServer => ({
    id: address.origin,
    address,
    health: {},
    ...rest,
    models: [...rest.models].sort((a, b) => (a.name < b.name ? -1 : 1)),
  });

  const kind = kindByOwners(listed.owners);
  if (kind !== undefined) {
    const [metrics, version, props] = await Promise.all([text('/metrics'), json('/version'), json('/props')]);
    return server(
      known<Parameters<typeof server>[0]>({
        kind,
        version: parseVersion(version),
        models: listed.models,
        slots: parseSlots(props),
        health: parseLoad(metrics ?? ''),
      }),
    );
  }
  const version = parseVersion(await json('/api/version'));
  if (version !== undefined) {
    const [tags, running] = await Promise.all([json('/api/tags'), json('/api/ps')]);
    return server({ kind: 'ollama', version, models: parseOllama(tags, running) });
  }
  const studio = parseLmStudio(await json('/api/v0/models'));
  if (studio.length > 0) return server({ kind: 'lm-studio', models: studio });
  const metrics = await text('/metrics');
  return server({ kind: 'openai', models: listed.models, health: parseLoad(metrics ?? '') });
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null') as unknown;
  } catch {
    return undefined;
  }
}
