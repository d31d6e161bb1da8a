/** What the engine does, as data: blocks of memory, and works on what lies in them. */
import type { CellSize } from '../../cells/cell.ts';
import type { Declared } from '../../cells/declared.ts';
import type { PerSample } from '../../equations/operation.ts';
import type { Node } from './nodes.ts';

/** How long a block lives, and so how many rows it has: of all steps and one more, all steps, a span's, one; or a row. */
export type Life = 'states' | 'all' | 'span' | 'step' | 'row';

export interface Block {
  readonly name: string;
  /** Numbers of a row. */
  readonly columns: number;
  readonly life: Life;
  /** Whether dL/dx needs it: where that comes later, it lives until then. */
  readonly forDx: boolean;
}

/** Where a value of step t lies: in the row of step t, or of the step after. */
export interface Ref {
  readonly block: string;
  readonly column: number;
  readonly after?: boolean;
}

/** A kernel: what it finds, what it computes in order, and where it puts what. */
export interface KernelPlan {
  readonly kind: 'kernel';
  readonly found: ReadonlyMap<Node, Ref>;
  readonly computed: readonly Node[];
  readonly stores: readonly (readonly [node: Node, to: Ref])[];
}

/** to (+)= left · op(right): right lies at a number of the parameters, N×K where it is transposed, else K×N. */
export interface ProductPlan {
  readonly kind: 'product';
  readonly left: Ref;
  readonly N: number;
  readonly K: number;
  readonly right: number;
  readonly ldb: number;
  readonly transposed: boolean;
  readonly to: Ref;
  readonly accumulate: boolean;
}

/** A parameter's gradient, M×N at a number of the parameters, += leftᵀ · right; without a right the sums of left's rows. */
export interface GradientPlan {
  readonly kind: 'gradient';
  readonly left: Ref;
  readonly M: number;
  readonly right?: Ref;
  /** Whether it is the sums of the rows of left⊙right. */
  readonly elementwise: boolean;
  readonly N: number;
  readonly to: number;
  readonly ldc: number;
}

/** A product of every sample by itself. */
export interface PerSamplePlan {
  readonly kind: 'per sample';
  readonly name: PerSample['name'];
  readonly left: Ref;
  readonly right: Ref;
  readonly to: Ref;
  /** Columns of what is multiplied, and of the result. */
  readonly widths: readonly [left: number, right: number, to: number];
}

export type Work = KernelPlan | ProductPlan | GradientPlan | PerSamplePlan;

export interface Plan {
  readonly declared: Recorded;
  readonly blocks: readonly Block[];
  /** Where each parameter lies among all: the number it begins with. */
  readonly parameters: Readonly<Record<string, number>>;
  /** Rows of given numbers, and where they lie. */
  readonly constants: readonly (readonly [Ref, readonly number[]])[];
  readonly before: readonly Work[];
  readonly hoisted: readonly Work[];
  readonly forward: readonly Work[];
  readonly backward: readonly Work[];
  readonly after: readonly GradientPlan[];
  /** The last of `after`, by itself. */
  readonly dx: readonly Work[];
  /** Whether kernels read x, so that it cannot stay indices. */
  readonly readsX: boolean;
}

/** The block of a part of the state, and that of the gradient in it. */
export const stateBlock = (part: string): string => `state.${part}`;
export const stateGradientBlock = (part: string): string => `dstate.${part}`;

/** What the cell was recorded with. */
export interface Recorded extends Declared {
  readonly size: CellSize;
}
