import { createHash } from 'node:crypto';

const LONGEST_NAME = 80;

/**
 * The id of the executor of a model: readable, safe in URLs, headers and file names, and another for every other model id.
 * The same model has the same id for ever.
 */
export function executorIdOf(modelId: string): string {
  const name = (modelId.split('/').at(-1) ?? modelId).replace(/\.gguf$/i, '');
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, LONGEST_NAME);
  const hash = createHash('sha256').update(modelId).digest('hex').slice(0, 8);
  return slug === '' ? hash : `${slug}-${hash}`;
}
