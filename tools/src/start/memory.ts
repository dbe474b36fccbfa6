import type { ServiceName } from './services.js';

const requests = ['--min-semi-space-size=16', '--max-semi-space-size=32'];

/**
 * Arguments for Node about the heap of a service; the images of the containers say the same.
 *
 * Router and stats, through which every request passes, have room for 16 to 32 MiB of what was made since the last collection. What
 * a request or a batch of facts leaves is garbage after some milliseconds; with the 1 MiB that Node begins with it is looked at
 * while it is still in use, and moved instead of dropped: a fifth of the router's processor time. It costs each of the two up to
 * 64 MiB of memory.
 *
 * The monitor holds as much as it has nodes, and what passes through it is small: the young heap stays at 8 MiB instead of growing to 64,
 * the old one is collected when it has grown by 30 %, and all of it on the one thread that works: the helpers of the collector took
 * a fifth of its processor time.
 */
export function heapArguments(name: ServiceName): readonly string[] {
  if (name === 'monitor') return ['--max-semi-space-size=8', '--single-threaded-gc', '--heap-growing-percent=30'];
  return name === 'router' || name === 'stats' ? requests : [];
}

/**
 * What the C library is told about memory outside of the heap. The monitor's thousands of links each have buffers of some sizes: one
 * arena instead of one for each thread, and what is large is given back to the system when it is freed. Other libraries than glibc
 * know none of these.
 */
export const allocator = (name: ServiceName): Readonly<Record<string, string>> =>
  name === 'monitor' ? { MALLOC_ARENA_MAX: '1', MALLOC_MMAP_THRESHOLD_: '8192', MALLOC_TRIM_THRESHOLD_: '131072' } : {};
