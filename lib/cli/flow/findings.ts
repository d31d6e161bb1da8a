/** What `bptt flow` found, as figures, as a table, and as JSON. */
import type { Claim, Evidence } from '../../flow/claims/claim.ts';
import type { ClippingSummary } from '../../flow/clipping.ts';
import type { Compared } from '../../flow/compare.ts';
import { type Figure, plotChart, plotCompared, plotExponents, plotReach, plotSpectra } from '../../flow/figures.ts';
import type { Overflow } from '../../flow/overflow.ts';
import type { PathNorms } from '../../flow/paths.ts';
import type { Study } from '../../flow/study.ts';

/** What there is to say and to show. */
export interface Findings {
  readonly title: string;
  readonly says: readonly string[];
  /** A head and rows. */
  readonly table: readonly (readonly string[])[];
  /** What a terminal shows in the table's place, where that is too wide. */
  readonly lines?: readonly string[];
  /** For `--json` and for the page; the command adds what it was run with. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Draws the pictures, given the caption. */
  figures(caption: string): Promise<readonly Figure[]>;
}

/** A study of one network, with what only some networks have. */
export interface Studied {
  readonly name: string;
  readonly study: Study;
  readonly paths: PathNorms | null;
  readonly theta: number;
  /** Of the gradients that do not overflow; null where all do. */
  readonly clipping: ClippingSummary | null;
  /** How many do. */
  readonly overflowed: number;
}

/** One network: norms, reach, spectra, exponents, paths, clipping. */
export function studyFindings({ name, study, paths, theta, clipping, overflowed }: Studied): Findings {
  const { steps, n, m, gradients, reach, fading, memory, recurrent, lastStep, exponents, predictions } = study;
  const { overflow } = study;
  const far = predictions.at(-1);
  const W = recurrent
    ? [
        ['σ_max(W) = γ_W', round(recurrent.norm)],
        ['spectral radius ρ(W)', round(recurrent.radius)],
        ['Henrici’s departure from normality of W', round(recurrent.henrici)],
      ]
    : [];
  const way = paths
    ? [
        [`gradient in c after ${steps - 1} steps, along c alone`, round(paths.alongC.at(-1))],
        [`gradient in c after ${steps - 1} steps, through h`, round(paths.throughH.at(-1))],
      ]
    : [];
  return {
    title: `Gradient flow of ${name}`,
    says: [
      `${steps} steps, ${m} hidden units, ${n} numbers in a state. Norms are Euclidean; a step is one symbol or input; exponents are in nats a step.`,
      ...overflowSays(overflow),
    ],
    table: [
      ['figure', 'value'],
      ['effective memory length (steps)', round(memory)],
      ['‖∂L/∂h_1‖', round(gradients[1])],
      ['‖∂L/∂h_T‖', round(gradients.at(-1))],
      [`‖∂h_T/∂s_0‖₂, true, ${steps} steps`, round(far?.truth)],
      ['… the bound on it', round(far?.bound)],
      ['… by eigenvalues', round(far?.eigenvalue)],
      ['… by the largest Lyapunov exponent', round(far?.exponent)],
      ['largest Lyapunov exponent λ₁', round(exponents.exponents[0])],
      ['Σ λ_i', round(exponents.sum)],
      ['mean log|det J_t|', round(exponents.meanLogDeterminant)],
      ...W,
      ...way,
      [
        `gradients that clipping to norm ${theta} changes`,
        `${clipping ? `${round(100 * clipping.bites)} % of ${clipping.count}` : '–'}${overflowed > 0 ? `; ${overflowed} overflow` : ''}`,
      ],
      ['largest norm before clipping', round(clipping?.before)],
      ['largest norm after clipping', round(clipping?.after)],
    ],
    data: {
      steps,
      n,
      m,
      memory,
      gradients,
      reach: reach.map(row => row.map(norm => Number(norm.toPrecision(4)))),
      fading,
      predictions,
      recurrent,
      lastStep,
      exponents,
      paths,
      theta,
      clipping,
      overflowed,
      overflow,
    },
    async figures(caption) {
      const line = (title: string, pick: 'truth' | 'bound' | 'eigenvalue' | 'exponent') => ({
        name: title,
        points: predictions.map(prediction => [prediction.distance, prediction[pick]] as const),
      });
      const series = [
        line('bound', 'bound'),
        line('eigenvalues', 'eigenvalue'),
        line('true', 'truth'),
        line('exp(λ₁ d)', 'exponent'),
      ];
      const at = { x: 'distance back (steps)', log: true };
      const norms = gradients.map((norm, t) => [t, norm] as const);
      return [
        {
          name: 'gradients',
          title: 'The gradient of the whole loss in every state',
          svg: await plotChart(
            { x: 'time step t', y: '‖∂L/∂h_t‖', log: true, series: [{ name: '‖∂L/∂h_t‖', points: norms }] },
            caption,
          ),
        },
        { name: 'reach', title: 'Which loss reaches which past', svg: await plotReach(study, caption) },
        {
          name: 'predictions',
          title: 'What bounds and spectra predict, and what is true',
          svg: await plotChart({ ...at, y: '‖∂h_T/∂s_k‖₂', series }, caption),
        },
        { name: 'spectra', title: 'Eigenvalues, and the unit circle', svg: await plotSpectra(study, caption) },
        { name: 'exponents', title: 'Lyapunov exponents', svg: await plotExponents(study, caption) },
        ...(paths ? [{ name: 'paths', title: 'The two ways back in c', svg: await plotPaths(paths, caption) }] : []),
      ];
    },
  };
}

function plotPaths({ alongC, throughH }: PathNorms, caption: string): Promise<string> {
  const series = [
    { name: 'along c alone', points: alongC.map((norm, n) => [n, norm] as const) },
    { name: 'through h', points: throughH.map((norm, n) => [n, norm] as const) },
  ];
  return plotChart({ x: 'distance back (steps)', y: 'norm of the gradient in c', log: true, series }, caption);
}

/** What overflows, in a sentence of its own. */
export function overflowSays(overflow: Overflow | null): string[] {
  if (!overflow) return [];
  const { step, of, asked } = overflow;
  const what =
    of === 'state' ? `the state overflows at step ${step}` : `gradients overflow on the way back from step ${step}`;
  return [`Of ${asked} steps, ${what}: all figures are of the ${step - 1} steps before.`];
}

/** Network beside network. */
export function comparedFindings(networks: readonly Compared[], length: number, seeds: number): Findings {
  return {
    title: `What reaches step 1 from step ${length}`,
    says: [
      `‖∂h_${length}/∂s_1‖_F/√m, the root mean square over directions of length 1 at h_${length}: 1 where nothing is lost. Over ${seeds} seeds, of weights and of inputs.`,
      ...networks.flatMap(({ name, overflowed }) =>
        overflowed > 0 ? [`${name}: ${overflowed} of ${seeds} seeds overflow, and are left out.`] : [],
      ),
    ],
    table: [
      [
        'network',
        'cell',
        'first weights',
        'forget bias',
        'median',
        'lower quartile',
        'upper quartile',
        'memory (steps)',
      ],
      ...networks.map(({ name, cell, init, forgetBias, quartiles, memory }) => [
        name,
        cell,
        init,
        forgetBias === null ? '–' : round(forgetBias),
        ...[quartiles?.median, quartiles?.q1, quartiles?.q3, memory].map(value => round(value ?? undefined)),
      ]),
    ],
    data: {
      length,
      seeds,
      networks: networks.map(({ quartiles, ...network }) => ({
        ...network,
        ...(quartiles ?? { median: null, q1: null, q3: null }),
      })),
    },
    figures: async caption => [
      { name: 'compare', title: 'What arrives at a distance', svg: await plotCompared(networks, caption) },
    ],
  };
}

/** The claims of the lectures. */
export function claimsFindings(tried: readonly { readonly claim: Claim; readonly evidence: Evidence }[]): Findings {
  return {
    title: 'What the lectures say of gradients through time, and what holds',
    says: ['Each claim with its verdict, and the figures that bear it out.'],
    table: [
      ['claim', 'source', 'says', 'verdict', 'because', 'figures'],
      ...tried.map(({ claim: { name, source, says, verdict, because }, evidence: { shown, figures } }) => [
        name,
        source,
        says,
        shown ? verdict : `${verdict}: NOT BORNE OUT`,
        because,
        figuresOf(figures),
      ]),
    ],
    lines: tried.flatMap(({ claim: { name, verdict }, evidence: { shown, figures } }) => [
      `${name}: ${verdict}${shown ? '' : ', NOT BORNE OUT'}`,
      `  ${figuresOf(figures)}`,
    ]),
    data: {
      claims: tried.map(({ claim: { name, source, says, verdict, because }, evidence: { shown, figures } }) => ({
        ...{ name, source, says, verdict, because, shown, figures },
      })),
    },
    async figures(caption) {
      const drawn: Figure[] = [];
      for (const { claim, evidence } of tried) {
        const title = `${claim.says} — ${claim.verdict}`;
        drawn.push({ name: claim.name, title, svg: await plotChart(evidence.chart, caption) });
      }
      return drawn;
    },
  };
}

/** Named numbers in a line. */
export function figuresOf(figures: Readonly<Record<string, number>>): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name}: ${round(value)}`)
    .join('; ');
}

/** A number to four digits; a word where it is none. */
export function round(value: number | undefined): string {
  if (value === Number.POSITIVE_INFINITY) return 'overflow';
  if (value === undefined || !Number.isFinite(value)) return value === Number.NEGATIVE_INFINITY ? '−∞' : '–';
  return Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-3)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(4)));
}
