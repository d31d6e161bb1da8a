/** Gradient checking, without a test runner: `import { checkCell, checkGradients, format } from 'bptt/check'`. */
export {
  type CellOfOptions,
  type CheckDerivationOptions,
  cellOf,
  checkDerivation,
  type DerivationReport,
  type Difference,
  formatDerivation,
  type JudgedLine,
  type LineVerdict,
  type MadeByLine,
  type Mended,
  type Place,
} from '../derivation/index.ts';
export { type CheckCellOptions, checkCell } from './check-cell.ts';
export { type CheckLayerOptions, checkLayer } from './check-layer.ts';
export { type CheckLossOptions, checkLoss } from './check-loss.ts';
export { type DotTestOptions, dotTest } from './dot-test.ts';
export {
  agrees,
  type CheckedElement,
  type CheckedTensor,
  type CheckGradientsOptions,
  checkGradients,
  type GradientReport,
  type TensorReport,
  type Verdict,
} from './finite-differences.ts';
export { format } from './format.ts';
export type { Law } from './law.ts';
export { type CheckLawsOptions, checkLaws } from './laws.ts';
export type { Noise } from './noise.ts';
export type { CellOracle } from './oracle.ts';
export { type Proof, type ProveCellOptions, type ProvenTensor, proveCell } from './prove-cell.ts';
export {
  type EquationsProof,
  type InputShape,
  type ProvableEquations,
  proveEquations,
} from './prove-equations.ts';
export type { CheckReport, Problem, Smallest } from './report.ts';
export type { Suspect } from './suspects.ts';
export { PassError } from './watched.ts';
