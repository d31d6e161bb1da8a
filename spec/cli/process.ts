/** What the system says of a process, where a test has to know how far it is, however busy the machine: on Linux. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Waits until the process has taken some hundredths of a second of processor time more, or has ended. */
export async function working(pid: number | undefined, hundredths: number): Promise<void> {
  const taken = () => {
    const fields = said(pid, 'stat')
      ?.replace(/^.*\) /, '')
      .split(' ');
    return fields ? Number(fields[11]) + Number(fields[12]) : Number.POSITIVE_INFINITY;
  };
  const before = taken();
  await until(() => taken() >= before + hundredths);
}

async function until(condition: () => boolean): Promise<void> {
  if (process.platform !== 'linux') return pause(100);
  while (!condition()) await pause(5);
}

/** What stands in a file of the process, or undefined where there is no process. */
function said(pid: number | undefined, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
