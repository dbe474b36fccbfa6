import type { RouteName, routes } from '@muster/contracts';
import type * as z from 'zod/mini';

/** A body of some routes, as one would send it. */
export const bodyExamples: { readonly [Name in RouteName]?: z.input<(typeof routes)[Name]['body']> } = {
  signIn: { name: 'ada', password: 'correct horse battery staple' },
  createAccount: {
    accountId: '3f0c2a0e-6c1b-4a53-9a7e-2f1d4a7f7c10',
    name: 'grace',
    password: 'correct horse battery staple',
    permissions: ['fleet:view'],
  },
  createApiKey: {
    keyId: '6a4e9a52-1c7b-4d7e-8f0a-9b8d7c6e5f40',
    name: 'Search',
    permissions: ['inference'],
    models: ['qwen3-8b'],
    limits: { concurrent: 4, requestsPerMinute: 120 },
  },
  verifyNode: { host: 'gpu-04.lab', port: 8022 },
  registerNode: {
    nodeId: '0f8fad5b-d9cb-469f-a165-70867728950e',
    name: 'gpu-04',
    host: 'gpu-04.lab',
    port: 8022,
    fingerprint: Array.from({ length: 32 }, () => 'A1').join(':'),
  },
  changeNode: { name: 'gpu-05' },
  startExecutor: { modelId: 'qwen3-8b-q4.gguf', parameters: { slots: 4, contextTokens: 8_192 } },
  configureExecutor: { slots: 8 },
  changeSettings: { delayedThresholdMs: 30_000 },
};
