import * as z from 'zod/mini';
import { NodeId } from '../registry/node.events.js';
import { MAX_MODELS, Model } from './model.js';

/** The models of a node take so many bytes of JSON at most: a bucket's value and a frame have to hold them. */
export const MODELS_BYTES = 512 * 1024;

/** The models of a node, by name. Those that found no place are counted, never left out silently. */
export const ModelList = z.object({
  models: z.array(Model).check(z.maxLength(MAX_MODELS)),
  /** How many more there are. */
  more: z._default(z.number().check(z.int(), z.gte(0)), 0),
});
export type ModelList = z.infer<typeof ModelList>;

/**
 * The models that a node has: bucket MODELS, key = node id. Written by the monitor that holds the node; kept while the link is
 * down. A value with a lower `token` than was seen before comes from a holder that has lost the node, and is dropped.
 */
export const NodeModels = z.object({
  nodeId: NodeId,
  token: z.number().check(z.int(), z.gte(0)),
  ...ModelList.shape,
});
export type NodeModels = z.infer<typeof NodeModels>;

/** How many bytes a text has in UTF-8. Half of a pair counts two, so that the pair counts four. */
function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
  }
  return bytes;
}

/** As many models as a node may tell, in their order, and how many more there are. */
export function boundedModels(all: readonly Model[]): ModelList {
  const models: Model[] = [];
  let bytes = 0;
  for (const model of all) {
    bytes += utf8Bytes(JSON.stringify(model)) + 1;
    if (models.length >= MAX_MODELS || bytes > MODELS_BYTES) break;
    models.push(model);
  }
  return { models, more: all.length - models.length };
}
