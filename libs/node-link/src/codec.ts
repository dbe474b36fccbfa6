import type * as z from 'zod/mini';
import { isDeeperThan, MAX_DEPTH } from './json.js';

/** What is wrong with a frame, and the WebSocket close code (RFC 6455 7.4.1) for it. */
export const frameFaults = {
  'not-text': 1003,
  'not-utf-8': 1007,
  'not-json': 1007,
  'wrong-shape': 1007,
  'bad-frame': 1002,
  'unknown-type': 1002,
  'out-of-turn': 1002,
  'wrong-number': 1002,
  'too-deep': 1008,
  'too-many': 1008,
  'too-big': 1009,
} as const;
export type FrameFault = keyof typeof frameFaults;

/** One of the other end's frames broke the protocol. Says how, never what was in it. */
export class ProtocolFault extends Error {
  override readonly name = 'ProtocolFault';

  constructor(readonly fault: FrameFault) {
    super(`The other end broke the link protocol: ${fault}`);
  }

  get closeCode(): number {
    return frameFaults[this.fault];
  }
}

type Union = z.ZodMiniDiscriminatedUnion | z.ZodMiniObject;

/** What a schema calls its frames: one name for an object, several for a union. */
const typesOf = (schema: Union): ReadonlySet<unknown> => schema._zod.propValues?.['type'] ?? new Set<unknown>();

const isNever = (value: object): value is never => value === undefined;

/** So short a text can not nest so deep that parsing it costs anything: how deep it is, is asked only where it is not plain. */
const SHORT_CHARACTERS = 8_192;

/**
 * Parses one frame: text, JSON, not too deep, of a known type, of that type's shape; properties that are not known are left
 * out (a newer peer may send more). Throws ProtocolFault. UTF-8 and size are checked by the socket before. Where `isPlain` sees that the
 * schema would change nothing, it is not asked.
 */
export function decode<Schema extends Union>(
  schema: Schema,
  data: string,
  isPlain: (value: object) => value is object & z.output<Schema> = isNever,
): z.output<Schema> {
  const isShort = data.length <= SHORT_CHARACTERS;
  if (!isShort && isDeeperThan(MAX_DEPTH, data)) throw new ProtocolFault('too-deep');
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    throw new ProtocolFault(isDeeperThan(MAX_DEPTH, data) ? 'too-deep' : 'not-json');
  }
  // What is plain nests no deeper than its schema.
  if (typeof value === 'object' && value !== null && isPlain(value)) return value;
  if (isShort && isDeeperThan(MAX_DEPTH, data)) throw new ProtocolFault('too-deep');
  if (typeof value !== 'object' || value === null || !('type' in value) || typeof value.type !== 'string')
    throw new ProtocolFault('wrong-shape');
  if (!typesOf(schema).has(value.type)) throw new ProtocolFault('unknown-type');
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new ProtocolFault('wrong-shape');
  return parsed.data as z.output<Schema>;
}

/** What went wrong in the socket's own reading of frames. */
export function faultOfSocket(error: Error & { code?: unknown }): FrameFault {
  switch (error.code) {
    case 'WS_ERR_INVALID_UTF8':
      return 'not-utf-8';
    case 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH':
    case 'WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH':
      return 'too-big';
    case 'WS_ERR_TOO_MANY_BUFFERED_PARTS':
      return 'too-many';
    default:
      return 'bad-frame';
  }
}
