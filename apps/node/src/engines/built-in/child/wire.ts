import { ENGINE_VERSION } from '../release.js';
import type { Generated } from './library.js';

/** Tells answers of one version of the engine from those of another. */
export const fingerprint = `node-llama-cpp-${ENGINE_VERSION}`;

export const usageOf = (promptTokens: number, completionTokens: number, cachedTokens: number) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
  prompt_tokens_details: { cached_tokens: cachedTokens },
});

export function finishReason(reason: Generated['metadata']['stopReason']): 'stop' | 'length' | 'tool_calls' {
  switch (reason) {
    case 'maxTokens':
      return 'length';
    case 'functionCalls':
      return 'tool_calls';
    case 'eogToken':
    case 'stopGenerationTrigger':
    case 'customStopTrigger':
    case 'abort':
      return 'stop';
  }
}
