import { streams } from '@muster/contracts';
import { compareSettings, streamSettings, wantedStreams } from './streams.js';

const wanted = streamSettings(streams.FLEET);

describe('comparing a stream with its contract', () => {
  it('finds no difference in what it asked for itself', () => {
    expect(compareSettings(wanted, wanted)).toEqual({ update: false });
  });

  it('takes what the server leaves out for false', () => {
    const { allow_rollup_hdrs, deny_purge, ...actual } = wanted;
    expect([allow_rollup_hdrs, deny_purge]).toEqual([false, false]);
    expect(compareSettings(wanted, actual)).toEqual({ update: false });
  });

  it.each([
    ['storage', 'memory'],
    ['subjects', ['muster.fleet.node.>']],
    ['max_msgs', 10],
    ['duplicate_window', 1],
    ['deny_delete', false],
  ] as const)('finds another %s', (field, value) => {
    const { drift } = compareSettings(wanted, { ...wanted, [field]: value });
    expect(drift).toEqual({ field, wanted: wanted[field], actual: value });
  });

  it('brings description and age up to date without a word', () => {
    expect(compareSettings(wanted, { ...wanted, max_age: 5, description: 'old' })).toEqual({ update: true });
  });

  it('leaves what is the operator’s choice alone', () => {
    expect(compareSettings(wanted, { ...wanted, num_replicas: 3, placement: { cluster: 'x', tags: [] } })).toEqual({
      update: false,
    });
  });

  it('knows every stream, every bucket and the dead letters', () => {
    expect([...wantedStreams.keys()]).toEqual(
      expect.arrayContaining(['FLEET', 'ACCESS', 'HEALTH', 'REQUESTS', 'DEAD_LETTERS', 'KV_NODES', 'KV_SETTINGS']),
    );
  });
});
