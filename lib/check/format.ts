import { greatest } from '../extremes.ts';
import { requireList, requireObject } from '../require.ts';
import type { GradientReport, TensorReport } from './finite-differences.ts';
import type { Law } from './law.ts';
import type { Noise } from './noise.ts';
import type { Proof } from './prove-cell.ts';
import { type CheckReport, isWrong, lawVerdict, type Problem } from './report.ts';
import type { Scope } from './scope.ts';

/**
 * A report as text: what is proven, a line for every tensor and every law. What is wrong is shown in the smallest problem that shows it,
 * with its first elements, what kind of mistake it looks like, and the equation that all of it has in common.
 */
export function format(report: GradientReport | CheckReport): string {
  requireList('report.tensors', requireObject('report', report).tensors, 'a list of tensors');
  const lines = report.tensors.map(tensor => tensorLine(tensor, widthOf(report.tensors)));
  if (!('laws' in report)) return [...lines, ...elements(report.tensors)].join('\n');
  const { laws, problem, smallest, proof, scope } = report;
  const asked = scope ? [scopeLine(scope)] : [];
  const all = [...asked, ...(proof ? proofLines(report, proof) : []), ...lines, ...laws.map(lawLine)];
  if (!smallest) return all.join('\n');
  const [wrong, broken] = [smallest.tensors.filter(isWrong), smallest.laws.filter(law => lawVerdict(law) === 'wrong')];
  const { suspects, provenStep } = smallest;
  return [
    ...all,
    '',
    `wrong still with ${sizes(smallest.problem)} (of ${sizes(problem)}):`,
    ...elements(wrong, suspects, `; ${sizes(smallest.problem)}`),
    ...(wrong.length === 0 ? broken.map(lawLine) : []),
    ...(suspects.length > 0
      ? [`look at ${suspects.join(', ')}: all that is wrong there goes through it, nothing that is right`]
      : []),
    ...(provenStep ? [`look at the loop through time: every step of ${provenStep} is proven`] : []),
  ].join('\n');
}

/** What the loss was told to look at. */
function scopeLine({ initial, cotangents }: Scope): string {
  const seen = cotangents ? cotangents.map(part => `, ${part}_T`).join('') : ' and the final state';
  return `of a loss in every output${seen}${initial === 'zero' ? ', from a state of zeros' : ''}:`;
}

/** What is proven, or why nothing is; the lines to look at where something is wrong. */
function proofLines({ restsOn }: CheckReport, { verdict, reason, draws, chance, tensors, suspects }: Proof): string[] {
  const rests = restsOn === 'finite differences' ? '; rests on finite differences' : '';
  const sure = `${draws} draws, the chance of a wrong pass below ${upTo(chance)}`;
  if (verdict === 'proven') return [`proven exactly: ${sure}${rests}`];
  if (verdict === 'not provable') return [`not provable: ${reason ?? 'no reason is known'}${rests}`];
  const wrong = tensors.filter(({ ok }) => !ok).map(({ name }) => `d${name}`);
  return [
    `proven WRONG: ${wrong.join(', ')}`,
    ...suspects.map(({ file, line, tag, assignment }, n) => {
      const place = file === undefined ? '' : `${file.split('/').at(-1)}:${line} `;
      return `  ${n === 0 ? 'look at' : 'then at'} ${place}${tag ? `${tag} ` : ''} ${assignment}`;
    }),
  ];
}

/** The power of ten above a chance. */
const upTo = (chance: number): string => `1e${Math.ceil(Math.log10(chance))}`;

function tensorLine(report: TensorReport, width: number): string {
  const { name, tag, elements, maxAbs, maxRel, kinks } = report;
  return [
    `${name.padEnd(width + 2)} ${(tag ?? '').padEnd(8)} ${String(elements).padStart(4)} elements`,
    `max |a−n| ${maxAbs.toExponential(1)}`,
    `relative ${maxRel.toExponential(1)}`,
    `${tensorVerdict(report)}${kinks > 0 ? `, ${kinks} at a kink` : ''}`,
  ].join('  ');
}

function tensorVerdict({ verdict, guess, noise, unjudged, elements }: TensorReport): string {
  if (verdict === 'ok') return 'ok';
  if (verdict === 'wrong') return `WRONG${guess ? `: ${guess}` : ''}`;
  return `too noisy to judge${unjudged < elements ? ` in ${unjudged}` : ''}${noise ? `: ${because(noise)}` : ''}`;
}

function lawLine({ name, ok, worst, broken, noise, bits }: Law): string {
  const bad = noise ? `too noisy to judge: ${because(noise)}` : `BROKEN by ${broken}`;
  const verdict = ok ? `ok${bits ? `, for numbers of ${bits} bits` : ''}` : bad;
  return `${name.padEnd(42)} worst ${worst.toExponential(1)}  ${verdict}`;
}

/** Why something could not be judged, and what to do about it. */
function because({ loss, error, bits }: Noise): string {
  if (bits) return `numbers of ${bits} bits: check the layer in f64, or compare f32 with f64`;
  return `|L| = ${loss.toExponential(1)}, the difference has an error of about ${error.toExponential(1)}`;
}

/** The first failing elements of every tensor. */
function elements(tensors: readonly TensorReport[], suspects: readonly string[] = [], where = ''): string[] {
  return tensors.flatMap(({ name, tag, via, failed, failures, guess }) => {
    const through = via?.find(step => suspects.includes(step)) ?? via?.[0];
    const from = [...(tag ? [tag] : []), ...(through ? [`via ${through}`] : [])].join(', ');
    return [
      ...failures.map(
        ({ index, analytic, numeric }) =>
          `    d${name}[${index.join(',')}]${from ? ` (${from})` : ''}: analytic ${digits(analytic)}, numeric ${digits(numeric)}${guess ? ` — ${guess}` : ''}${where}`,
      ),
      ...(failed > failures.length ? [`    … and ${failed - failures.length} more`] : []),
    ];
  });
}

const widthOf = (tensors: readonly TensorReport[]): number => greatest(tensors.map(({ name }) => name.length));

const sizes = (problem: Problem): string =>
  Object.entries(problem)
    .map(([name, size]) => `${name}=${size}`)
    .join(' ');

/** Eight digits: as many as the bound asks for. */
function digits(x: number): string {
  return String(Number(x.toPrecision(8)));
}
