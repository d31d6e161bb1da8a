/**
 * Fuzzing at length: `npm run fuzz` reads 10,000 random, 10,000 changed and 10,000 odd files, writes and reads again 2,000
 * odd things with every writer, calls every public function with every change of one argument, and 10,000 times with two,
 * runs the engine's layers 10,000 times forward or back, and layers 10,000 times over shared buffers that were filled with
 * anything, also beyond f32; `npm run fuzz -- 500 7` does 500 of each, and 100 odd things, with seed 7. Ends with an error,
 * and the seed that repeats it, at the first file that is neither read nor refused as it should or does not hold what was
 * written, and after the last call where one threw another error than the library's, or left something changed, and after
 * the last pass where one computed another number or took more memory than it should.
 */
import { type ApiReport, everyChange, someChanges } from './api.ts';
import { removeFolder } from './calls-io.ts';
import { type FuzzReport, fuzzFiles } from './files.ts';
import { modules } from './modules.ts';
import { fuzzPasses, type PassesReport } from './passes.ts';
import { fuzzRefilled } from './refilled.ts';
import { roundTrips } from './round-trips.ts';

const [runs, seed] = [Number(process.argv[2] ?? 10_000), Number(process.argv[3] ?? Date.now() % 2 ** 31)];
const { random, mutated, odd } = fuzzFiles(runs, seed);

/** A line about files of one kind. */
function line(kind: string, { files, taken, refused, slowest, hungriest }: FuzzReport): string {
  const most = `${slowest.toFixed(0)} ms and ${hungriest.toFixed(1)} bytes a byte at most`;
  return `${kind.padEnd(8)} ${files} files: read ${taken} times, refused ${refused} times, ${most}\n`;
}

process.stdout.write(`seed ${seed}\n${line('random', random)}${line('changed', mutated)}${line('odd', odd)}`);
for (const [name, { read, refused }] of Object.entries(roundTrips(Math.ceil(runs / 5), seed))) {
  process.stdout.write(`${name.padEnd(12)} written and read again ${read} times, refused ${refused} times\n`);
}

/** A line about the calls of one kind. */
function callsLine(kind: string, { calls, returned, refused }: ApiReport): string {
  return `${kind.padEnd(8)} ${calls} calls: returned ${returned} times, refused ${refused} times\n`;
}

/** A line about passes in one precision. */
function passesLine(kind: string, { forward, backward, bytes, most }: PassesReport): string {
  return `${kind.padEnd(8)} ${forward} passes forward, ${backward} back: ${bytes} bytes of memory for ${most} at once\n`;
}

const passes = [fuzzPasses(runs, seed, 'f64'), fuzzPasses(runs, seed, 'f32')] as const;
process.stdout.write(`${passesLine('f64', passes[0])}${passesLine('f32', passes[1])}`);

const all = Object.assign({}, ...modules.map(({ calls }) => calls));
const [every, some] = [everyChange(all), someChanges(all, runs, seed)];
removeFolder();
const refilled = fuzzRefilled(runs, seed);
process.stdout.write(`refilled ${refilled.passes} passes over shared buffers: refused ${refilled.refused} times\n`);
process.stdout.write(`${callsLine('one', every)}${callsLine('two', some)}`);
const findings = new Set([...passes, every, some, refilled].flatMap(({ findings }) => findings));
for (const finding of findings) process.stderr.write(`${finding}\n`);
if (findings.size > 0) process.exitCode = 1;
