/**
 * What becomes of gradients on their way back through time: Jacobians, norms, reach, spectra, exponents; the lectures'
 * claims, put to the test. Derived in `derivations/gradient-flow.md`.
 */

export { type Signal, signals } from './cells-signals.ts';
export {
  type Chart,
  type Claim,
  type Effort,
  type Evidence,
  usualEffort,
  type Verdict,
} from './claims/claim.ts';
export { claims } from './claims/index.ts';
export { type Clipped, type ClippingSummary, clippingOf, clippingSummary } from './clipping.ts';
export { gruJacobian, lstmJacobian, rnnJacobian } from './closed-forms.ts';
export {
  type Compared,
  type ComparisonOptions,
  compared,
  type Quartiles,
  reachingBack,
} from './compare.ts';
export { fadingOf, gradientNorms, memoryDepth, reachMatrix, stateGradients } from './gradients.ts';
export { type Interpretable, type InterpretableOptions, interpretable, type Tracking } from './interpretable.ts';
export {
  DENSE_BYTES,
  lastOutputIn,
  productOfSteps,
  pullBack,
  type RunOptions,
  stepJacobians,
  type Trajectory,
} from './jacobians.ts';
export { type Lyapunov, lyapunov } from './lyapunov.ts';
export { modelProbe } from './model.ts';
export {
  type InitName,
  initNames,
  type NetworkOptions,
  network,
  type Probe,
  probe,
  standardNetwork,
} from './networks.ts';
export { type Overflow, OverflowError } from './overflow.ts';
export { lstmPathNorms, type PathNorms } from './paths.ts';
export { type Complex, logAbsDeterminant, type Spectrum, spectralNorm, spectrum } from './spectrum.ts';
export { type Prediction, type Study, study } from './study.ts';
