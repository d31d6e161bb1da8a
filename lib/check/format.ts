import type { GradientReport } from './finite-differences.ts';

/** A report as text: a line for every tensor, and below it the first elements that are wrong. */
export function format({ tensors }: GradientReport): string {
  const width = Math.max(...tensors.map(({ name }) => name.length));
  const lines = tensors.flatMap(({ name, tag, ok, elements, maxAbs, maxRel, failed, failures, guess }) => [
    [
      `${name.padEnd(width + 2)} ${(tag ?? '').padEnd(8)} ${String(elements).padStart(4)} elements`,
      `max |a−n| ${maxAbs.toExponential(1)}`,
      `relative ${maxRel.toExponential(1)}`,
      ok ? 'ok' : `WRONG${guess ? `: ${guess}` : ''}`,
    ].join('  '),
    ...failures.map(
      ({ index, analytic, numeric }) =>
        `    d${name}[${index.join(',')}]${tag ? ` (${tag})` : ''}: analytic ${digits(analytic)}, numeric ${digits(numeric)}`,
    ),
    ...(failed > failures.length ? [`    … and ${failed - failures.length} more`] : []),
  ]);
  return lines.join('\n');
}

/** Eight digits: as many as the bound asks for. */
function digits(x: number): string {
  return String(Number(x.toPrecision(8)));
}
