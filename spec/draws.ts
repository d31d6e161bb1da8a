/**
 * How many problems a property draws that does not say so itself: enough to see a mistake, of which most show in the first
 * few, and the sooner the proofs end the more often they are run. `BPTT_DRAWS=100 npm test` draws more; `npm run
 * test:stability` runs everything many times.
 */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: Number(process.env.BPTT_DRAWS ?? 40) });
