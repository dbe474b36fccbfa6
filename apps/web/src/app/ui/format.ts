const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something has been so, in its largest unit, as in "42 s", "3 min", "5 h", "6 d". Never negative. */
export function span(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

/** A running time to the second, as in "04:12:37" and "6 d 04:12:37". Never negative. */
export function uptime(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  const two = (number: number): string => String(Math.floor(number)).padStart(2, '0');
  const clock = `${two((ms % DAY) / HOUR)}:${two((ms % HOUR) / MINUTE)}:${two((ms % MINUTE) / SECOND)}`;
  return ms < DAY ? clock : `${Math.floor(ms / DAY)} d ${clock}`;
}

/** A share of 0 to 100, as in "71 %". */
export const percent = (share: number): string => `${Math.round(share)} %`;

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const unitOf = (bytes: number): number =>
  bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));

function inUnit(bytes: number, unit: number): string {
  const amount = bytes / 1024 ** unit;
  // Three digits say enough; a whole number needs no decimal.
  return amount >= 100 || Number.isInteger(amount) ? amount.toFixed(0) : amount.toFixed(1);
}

/** An amount of memory with binary units, as in "256 GiB". */
export function memory(bytes: number): string {
  const unit = unitOf(bytes);
  return `${inUnit(bytes, unit)} ${units[unit]}`;
}

/** A part and its whole in the unit of the whole, as in "123 of 256 GiB". */
export function memoryOf(usedBytes: number, totalBytes: number): string {
  const unit = unitOf(totalBytes);
  return `${inUnit(usedBytes, unit)} of ${inUnit(totalBytes, unit)} ${units[unit]}`;
}

/** A fingerprint short enough for a line and long enough to compare at a glance. */
export const shortFingerprint = (fingerprint: string): string =>
  `${fingerprint.slice(0, 5)}:…:${fingerprint.slice(-5)}`;

const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayOfYearFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
const timeFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const clockFormat = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

/** A day, as in "3 Nov", with its year when it is not this one. */
export const day = (iso: string, nowMs: number): string =>
  (new Date(iso).getFullYear() === new Date(nowMs).getFullYear() ? dayFormat : dayOfYearFormat).format(new Date(iso));

/** A day and time, as in "17 Nov, 03:19", in the time zone of the person. */
export const moment = (iso: string, nowMs: number): string => `${day(iso, nowMs)}, ${timeFormat.format(new Date(iso))}`;

const secondFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** A time of day to the second, as in "12:04:31". */
export const clockTime = (iso: string): string => secondFormat.format(new Date(iso));

/** A time of day to the millisecond, as in "12:04:31.118". */
export const timeOfDay = (iso: string): string => clockFormat.format(new Date(iso));

/** "1 line", "3 lines", "10,000 lines". */
export const count = (items: number, one: string, many = `${one}s`): string =>
  `${items.toLocaleString('en-GB')} ${items === 1 ? one : many}`;

/** How long something took, as in "210 ms", "2.4 s", "3 min 20 s". Never negative. */
export function took(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 10) return `${ms.toFixed(1).replace(/\.0$/, '')} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ${Math.floor((ms % MINUTE) / SECOND)} s`;
  return `${Math.floor(ms / HOUR)} h ${Math.floor((ms % HOUR) / MINUTE)} min`;
}

/** A number that may be large or have a fraction, as in "14.2", "1,310", "0.08". */
export const figure = (value: number): string =>
  value.toLocaleString('en-GB', { maximumFractionDigits: value >= 100 ? 0 : value >= 10 ? 1 : 2 });

/** A share of 0 to 1 that may be small, as in "94 %", "0.08 %", "3.1 %". */
export const share = (part: number): string => `${figure(part === 1 ? 100 : Math.min(99.99, 100 * part))} %`;

/** How far another clock is off: "In step" up to a second, else "2.4 s ahead", "3 min behind". */
export function offsetWords(aheadMs: number): string {
  const offMs = Math.abs(aheadMs);
  if (offMs < SECOND) return 'In step';
  return `${offMs < MINUTE ? `${(offMs / SECOND).toFixed(1)} s` : span(offMs)} ${aheadMs > 0 ? 'ahead' : 'behind'}`;
}
