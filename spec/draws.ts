/**
 * How many problems a property draws that does not say so itself, and which: enough to see a mistake, of which most show in
 * the first few, and the sooner the proofs end the more often they are run. A commit is tried with the same problems every
 * time, so that it is right or wrong whoever asks. `BPTT_DRAWS=100 npm test` draws more, `BPTT_SEED=7 npm test` others, and
 * `npm run test:stability` others again and again.
 */
import fc from 'fast-check';

const { BPTT_DRAWS = '40', BPTT_SEED = '1' } = process.env;

/** Where all that is drawn begins. */
export const SEED: number = Number(BPTT_SEED);

fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: Number(BPTT_DRAWS), seed: SEED });
