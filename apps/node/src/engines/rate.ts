/** A rate is taken over this span, or what there is of it. */
const WINDOW_MS = 5_000;
/** Two looks closer together than this are one. */
const APART_MS = 500;

/** How fast a total grows. The clock is the caller's, and monotonic. */
export class Rate {
  #looks: { readonly atMs: number; readonly total: number }[] = [];

  /** Takes note of a total and returns its growth a second; undefined until there was time to see any. */
  next(total: number, nowMs: number): number | undefined {
    const last = this.#looks.at(-1);
    // It began anew.
    if (last !== undefined && total < last.total) this.#looks = [];
    if (last === undefined || total < last.total || nowMs - last.atMs >= APART_MS)
      this.#looks.push({ atMs: nowMs, total });
    while (this.#looks.length > 2 && nowMs - (this.#looks[1]?.atMs ?? nowMs) >= WINDOW_MS) this.#looks.shift();
    const first = this.#looks[0];
    if (first === undefined || nowMs - first.atMs < APART_MS) return undefined;
    return ((total - first.total) * 1_000) / (nowMs - first.atMs);
  }
}
