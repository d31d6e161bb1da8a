/** A report as text: tables in Markdown, so that they can be put into a document as they are. */
import { greatest } from '../lib/extremes.ts';
import type { Place } from './cases/case.ts';
import type { Machine } from './machine.ts';
import { BEST, type Mean, type PeerTime, type Report, type Row } from './report.ts';
import type { Slope } from './slopes.ts';
import { DOT_TEST } from './verify.ts';

/** The whole report. */
export function text(report: Report): string {
  const { machine, cases, means, refused, absent, kernels, slopes } = report;
  const { cpu, cores, platform, node, wide, bandwidth, blas } = machine;
  const kinds = [...new Set(cases.map(kindOf))];
  const notes = notesOf(cases);
  const parts = [
    `${cpu}, ${cores} cores, ${platform}, Node ${node}, WebAssembly in vectors of ${wide ? 256 : 128} bits; copying 64 MB: ${figure(bandwidth)} GB/s`,
    [...(blas === null ? [] : [`Ours on ${blas}`]), ...pinnedLine(machine)].join('\n'),
    ...kinds.map(kind => tablesOf(kind, report, notes)),
    means
      .filter(({ backend }) => backend === BEST)
      .map(bestLine)
      .join('\n'),
    notes.map((note, n) => `${marker(n)} ${note}`).join('\n'),
    slopes.length > 0 ? `Cost, as a power of the size:\n\n${slopes.map(slopeLine).join('\n')}` : '',
    kernels
      .map(({ layer, backend, precision, part }) => {
        return `Elementwise kernels of ${layer}, ${backend} ${precision}: ${percent(part)} of its time`;
      })
      .join('\n'),
    leftOutLines(report).join('\n'),
    absent.map(({ family, why }) => `Without ${family}: ${why}`).join('\n'),
    refused
      .map(({ name, backend, precision, by, tensor, worst, bound }) => {
        const where = `${tensor} deviates by ${worst.toExponential(1)}, more than ${bound}`;
        return `WRONG, not timed: ${name}, ${backend} ${precision}: against ${by}, ${where}`;
      })
      .join('\n'),
    report.stopped ? `Stopped by ${report.stopped}.` : '',
  ];
  return parts.filter(part => part !== '').join('\n\n');
}

const kindOf = ({ backend, precision }: Pick<Row, 'backend' | 'precision'>): string => `${backend} ${precision}`;

/** What the environment fixes, and what that does. */
function pinnedLine({ pinned }: Machine): string[] {
  const values = Object.entries(pinned).map(([name, value]) => `${name}=${value}`);
  if (values.length === 0) return [];
  return [`The environment fixes ${values.join(', ')}: what it does to kernels and threads can change ratios twofold`];
}

/** Everything on one backend in one precision: times, then ratios to each peer, and their means. */
function tablesOf(kind: string, { cases, machine, means }: Report, notes: readonly string[]): string {
  const rows = cases.filter(row => kindOf(row) === kind);
  const peak = machine.peaks.find(each => kindOf(each) === kind);
  const title = peak ? `${kind}: products at ${figure(peak.gflops)} GFLOP/s at most (${peak.shape})` : kind;
  const times = `${title}; verified: ${verifiedLine(rows)}\n\n${markdown([TIMES, ...rows.map(timesOf)])}`;
  const peers = [...new Set(rows.flatMap(row => row.peers.map(({ name }) => name)))];
  if (peers.length === 0) return times;
  const ratio = (row: Row, name: string): string => {
    const peer = row.peers.find(each => each.name === name);
    return peer ? `${figure(peer.ratio)}×${marks(peer, notes)}` : '';
  };
  const meanOf = (name: string): string => {
    const mean = means.find(each => kindOf(each) === kind && each.peer === name);
    return mean ? `${figure(mean.ratio)}×` : '';
  };
  const ratios = [
    ['case', ...peers],
    ...rows.filter(row => row.peers.length > 0).map(row => [row.name, ...peers.map(name => ratio(row, name))]),
    ['geometric mean', ...peers.map(meanOf)],
  ];
  return `${times}\n\n${kind}: the time of each peer over ours\n\n${markdown(ratios)}`;
}

function bestLine({ precision, peer, ratio, least, cases }: Mean): string {
  return `Best backend of each case, ${precision}: ${peer} ${figure(ratio)}× in the mean of ${cases}, ${figure(least)}× at least`;
}

const TIMES = ['case', 'workers', 'ms', 'quartiles', 'GFLOP/s', 'of peak', 'of bandwidth', 'tokens/s', 'MiB'] as const;

function timesOf(row: Row): string[] {
  const { name, workers, ms, spread, gflops, share, bandwidthShare, tokensPerSecond, peakMemory } = row;
  return [
    name,
    `${workers}`,
    figure(ms),
    spread.map(figure).join('–'),
    gflops > 0 ? figure(gflops) : '',
    gflops > 0 ? percent(share) : '',
    percent(bandwidthShare),
    tokensPerSecond === null ? '' : thousands(tokensPerSecond),
    peakMemory === null ? '' : mebibytes(peakMemory),
  ];
}

/** How all rows were verified. */
function verifiedLine(rows: readonly Row[]): string {
  const ways = [false, true].flatMap(byDotTest => {
    const worst = rows.flatMap(({ verified }) =>
      verified.by.startsWith(DOT_TEST) === byDotTest ? verified.worst : [],
    );
    if (worst.length === 0) return [];
    const how = byDotTest ? 'by dot test' : 'element by element';
    return [`${worst.length} ${how} to ${greatest(worst).toExponential(1)}`];
  });
  return ways.join(', ');
}

/** What there is to say of peers, each once. */
function notesOf(rows: readonly Row[]): readonly string[] {
  return [...new Set(rows.flatMap(row => row.peers.flatMap(peer => noteOf(peer) ?? [])))];
}

function noteOf({ name, verified, note }: PeerTime): string | undefined {
  if (verified) return note === null ? undefined : `${name}: ${note}`;
  return `${name}: not verified: ${note}`;
}

function marks(peer: PeerTime, notes: readonly string[]): string {
  const note = noteOf(peer);
  return note === undefined ? '' : ` ${marker(notes.indexOf(note))}`;
}

const marker = (n: number): string => `[${n + 1}]`;

/** What one would expect of a series. */
const EXPECTED: Readonly<Record<Place['along'], string>> = {
  T: '1 when a step costs the same',
  B: 'below 1 as long as steps share their cost',
  m: '2 when products are all there is',
  workers: '-1 when all is shared out and each has a core',
};

function slopeLine({ along, backend, precision, slope, points }: Slope): string {
  const times = points.map(([size, ms]) => `${size}: ${figure(ms)} ms`).join(', ');
  return `${along}, ${backend} ${precision}: ${slope.toFixed(2)} (${EXPECTED[along]}; ${times})`;
}

/** Each who and why once, with its cases. */
function leftOutLines({ leftOut }: Report): string[] {
  const kinds = [...new Set(leftOut.map(({ who, why }) => `${who}: ${why}`))];
  return kinds.map(kind => {
    const names = leftOut.filter(({ who, why }) => `${who}: ${why}` === kind).map(({ name }) => name);
    return `Left out: ${kind} (${[...new Set(names)].join(', ')})`;
  });
}

/** A table with columns of even width; the first left, the others right. */
export function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, greatest(rows.map(row => (row[column] ?? '').length))));
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, n) =>
      n === 0 ? (cells[n] ?? '').padEnd(width) : (cells[n] ?? '').padStart(width),
    );
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, n) => (n === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  const [head = [], ...body] = rows;
  return [line(head), `| ${rule.join(' | ')} |`, ...body.map(line)].join('\n');
}

/** Three digits, or all of those before the point. */
export function figure(x: number): string {
  if (!Number.isFinite(x)) return '–';
  return x >= 100 ? x.toFixed(0) : `${Number(x.toPrecision(3))}`;
}

const mebibytes = (bytes: number): string => (bytes < 2 ** 20 ? '<1' : (bytes / 2 ** 20).toFixed(0));

const percent = (part: number): string => `${figure(100 * part)} %`;

/** 12 k, 3.4 M. */
function thousands(x: number): string {
  if (x >= 1e6) return `${figure(x / 1e6)} M`;
  return x >= 1e3 ? `${figure(x / 1e3)} k` : figure(x);
}
