/** Gradient checking, without a test runner: `import { checkCell, checkGradients, format } from 'bptt/check'`. */
export { type CheckCellOptions, checkCell } from './check-cell.ts';
export {
  agrees,
  type CheckedElement,
  type CheckedTensor,
  checkGradients,
  type GradientReport,
  type TensorReport,
} from './finite-differences.ts';
export { format } from './format.ts';
