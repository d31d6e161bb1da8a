/** Analytic gradients against finite differences along one direction in each tensor, and element by element where that is in doubt. */
import { Matrix } from 'ml-matrix';
import { normal } from '../init/initialisers.ts';
import type { Random } from '../random.ts';
import type { Matrices } from '../shape.ts';
import { judged } from './differences.ts';
import { inner, moveAlong } from './directions.ts';
import { type CheckedTensor, checkGradients, type GradientReport, type TensorReport } from './finite-differences.ts';
import { type Exactness, exactnessOf } from './noise.ts';

/**
 * What is proven is compared along one direction in each tensor, drawn at random, in which a wrong element shows as it would
 * by itself. A tensor that disagrees there is compared element by element. It takes four losses a tensor, where every element
 * takes four.
 */
export function checkDirections(
  loss: () => number,
  tensors: readonly CheckedTensor[],
  after: Matrices,
  rng: Random,
): GradientReport {
  const along = tensors.map(tensor => ({ tensor, report: directed(loss, tensor, rng) }));
  const doubtful = along.flatMap(({ tensor, report }) => (report ? [] : [tensor]));
  if (doubtful.length === 0) return { ok: true, verdict: 'ok', tensors: along.flatMap(({ report }) => report ?? []) };
  const { ok, verdict, tensors: others } = checkGradients(loss, doubtful, { after });
  const named = new Map(others.map(report => [report.name, report]));
  return { ok, verdict, tensors: along.flatMap(({ tensor, report }) => report ?? named.get(tensor.name) ?? []) };
}

/** The report of a tensor that agrees along a direction of length 1; undefined where it does not. */
function directed(loss: () => number, tensor: CheckedTensor, rng: Random): TensorReport | undefined {
  const { name, values, gradient, tag, via } = tensor;
  const [start, v] = [values.clone(), values.clone()];
  normal(1)(v, rng);
  v.div(Math.sqrt(inner(v, v)));
  const analytic = inner(gradient, v);
  const shift = Matrix.zeros(1, 1);
  const shifted = () => {
    moveAlong(values, start, v, shift.get(0, 0));
    return loss();
  };
  const { verdict, numeric } = judged(shifted, shift, 0, 0, analytic, () => exactnessOf(shifted, [shift]));
  moveAlong(values, start, v, 0);
  if (verdict !== 'ok') return undefined;
  const [maxAbs, largest] = [Math.abs(analytic - numeric), Math.abs(numeric)];
  return {
    ...{ name, ok: true, verdict, ...(tag && { tag }), ...(via && { via }) },
    ...{ elements: values.rows * values.columns, maxAbs, maxRel: maxAbs === 0 ? 0 : maxAbs / largest, largest },
    ...{ kinks: 0, unjudged: 0, failed: 0, failures: [] },
  };
}

/** Whether one element of one tensor is known to be wrong: no more is asked of a problem that is to be made smaller. */
export function someWrong(loss: () => number, tensors: readonly CheckedTensor[], rng: Random): boolean {
  let measured: Exactness | undefined;
  const exactness = () => {
    measured ??= exactnessOf(
      loss,
      tensors.map(({ values }) => values),
    );
    return measured;
  };
  return tensors.some(tensor => !directed(loss, tensor, rng) && hasWrong(loss, tensor, exactness));
}

function hasWrong(loss: () => number, { values, gradient }: CheckedTensor, exactness: () => Exactness): boolean {
  for (let i = 0; i < values.rows; i++) {
    for (let j = 0; j < values.columns; j++) {
      if (judged(loss, values, i, j, gradient.get(i, j), exactness).verdict === 'wrong') return true;
    }
  }
  return false;
}
