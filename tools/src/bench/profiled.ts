/** Arguments for node that let a process write a profile of its processor time into the folder `BENCH_PROFILE` when it ends. */
export function profiled(): string[] {
  const folder = process.env['BENCH_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}
