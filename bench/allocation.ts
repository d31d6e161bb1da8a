/** What JavaScript allocates on its heap while work is done, whatever is collected meanwhile. */
import { Session } from 'node:inspector';
import type { Contender } from './timing.ts';

/** Bytes between two samples, on average: of so much work that the estimate is good to some percent. */
const INTERVAL = 64;
const TIMES = 20;

/** Milliseconds of work, or times, before that: the runtime compiles for speed what has run so often, and what it compiles so allocates less. */
const [WARM, OFTEN, AT_ONCE] = [1000, 4000, 10];

interface ProfileNode {
  readonly selfSize: number;
  readonly children: readonly ProfileNode[];
}

/**
 * Bytes a time, of work that is made warm, by V8's own sampling of allocations: objects, and of arrays all but their numbers, which
 * lie outside of the heap.
 */
export async function allocated(contender: Contender): Promise<number> {
  let ms = 0;
  for (let times = 0; times < OFTEN && ms < WARM; times += AT_ONCE) ms += await contender.run(AT_ONCE);
  const session = new Session();
  session.connect();
  try {
    const whatever = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true };
    session.post('HeapProfiler.startSampling', { ...{ samplingInterval: INTERVAL }, ...whatever });
    await contender.run(TIMES);
    let bytes = 0;
    session.post('HeapProfiler.stopSampling', (error, { profile }) => {
      if (error) throw error;
      bytes = sizeOf(profile.head);
    });
    return Math.round(bytes / TIMES);
  } finally {
    session.disconnect();
  }
}

function sizeOf({ selfSize, children }: ProfileNode): number {
  return children.reduce((sum, child) => sum + sizeOf(child), selfSize);
}
