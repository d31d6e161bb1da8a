/** Time as a processor counts it, which other programs on the machine do not make longer. */

/** Seconds of processor time that `work` takes of this process. */
export function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
