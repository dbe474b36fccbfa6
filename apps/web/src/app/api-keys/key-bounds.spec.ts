import type { ListedApiKey } from '@muster/contracts';
import { AT, NODE_ID } from '../testing/examples.js';
import { boundsOf, typedBounds } from './key-bounds.js';

const key: ListedApiKey = {
  keyId: NODE_ID,
  name: 'Search',
  owner: { accountId: NODE_ID, name: 'Ada' },
  prefix: 'msk_abcdef',
  permissions: ['inference'],
  limits: {},
  createdAt: AT,
  state: 'active',
  version: 1,
};

describe('the bounds of a key as they are typed', () => {
  it('are none where nothing is typed', () => {
    expect(boundsOf(typedBounds(key)())).toEqual({ name: 'Search', models: null, expiresAt: null, limits: null });
  });

  it('are read with white space and commas wherever people put them', () => {
    const typed = { ...typedBounds(key)(), models: ' qwen3-8b,, bge-m3 , ', requestsPerMinute: ' 60 ' };
    expect(boundsOf(typed)).toMatchObject({ models: ['qwen3-8b', 'bge-m3'], limits: { requestsPerMinute: 60 } });
  });

  it('hold to the end of the day where the person is', () => {
    const { expiresAt } = boundsOf({ ...typedBounds(key)(), expires: '2027-01-31' });
    expect(expiresAt).toBe(new Date(2027, 0, 31, 23, 59, 59, 999).toISOString());
    expect(typedBounds({ ...key, expiresAt: expiresAt ?? '' })().expires).toBe('2027-01-31');
  });
});
