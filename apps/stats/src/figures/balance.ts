/**
 * Jain's fairness index of how much each did: 1 when all did the same, 1/n when one of n did it all (Jain, Chiu, Hawe: A
 * Quantitative Measure of Fairness, 1984). Undefined for fewer than two, or when nothing was done.
 */
export function jain(amounts: readonly number[]): number | undefined {
  if (amounts.length < 2) return undefined;
  const sum = amounts.reduce((total, amount) => total + amount, 0);
  const squares = amounts.reduce((total, amount) => total + amount * amount, 0);
  return squares === 0 ? undefined : (sum * sum) / (amounts.length * squares);
}
