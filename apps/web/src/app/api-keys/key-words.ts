import { allKeyPermissions, type ApiKeyState, type KeyLimits, type KeyPermission } from '@muster/contracts';
import { count, day, span } from '../ui/format.js';

const purposeTitles: Record<KeyPermission, string> = {
  inference: 'Inference',
  'fleet:read': 'Read fleet',
  manage: 'Manage',
};

/** What a key is for, as in "Inference, Read fleet". */
export const purposesWords = (permissions: readonly KeyPermission[]): string =>
  allKeyPermissions
    .filter((each) => permissions.includes(each))
    .map((each) => purposeTitles[each])
    .join(', ');

export const stateTitles: Record<ApiKeyState, string> = {
  active: 'Active',
  expired: 'Expired',
  'owner-disabled': 'Owner disabled',
  revoked: 'Revoked',
};

/** The models a key may ask for, as in "qwen3-8b, bge-m3" and "5 models". */
export function modelsWords(models: readonly string[] | undefined): string {
  if (models === undefined) return 'All models';
  return models.length <= 2 ? models.join(', ') : count(models.length, 'model');
}

/** What a key may take at most, as in "4 at a time, 120 requests/min"; undefined without limits. */
export function limitsWords({ concurrent, requestsPerMinute, tokensPerMinute }: KeyLimits): string | undefined {
  const number = (amount: number): string => amount.toLocaleString('en-GB');
  const words = [
    concurrent === undefined ? [] : `${number(concurrent)} at a time`,
    requestsPerMinute === undefined ? [] : `${number(requestsPerMinute)} requests/min`,
    tokensPerMinute === undefined ? [] : `${number(tokensPerMinute)} tokens/min`,
  ].flat();
  return words.length === 0 ? undefined : words.join(', ');
}

/** When a key ends, as in "in 80 d" and "3 Nov 2025". */
export function expiryWords(expiresAt: string | undefined, nowMs: number): string {
  if (expiresAt === undefined) return 'Never';
  const leftMs = Date.parse(expiresAt) - nowMs;
  return leftMs > 0 ? `in ${span(leftMs)}` : day(expiresAt, nowMs);
}
