/**
 * The time this thread has worked, in milliseconds. Unlike the clock it stands still while others have the machine, so a limit on it says
 * something about our code on any machine.
 */
export function workedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
