/**
 * The processes that `mpirun` starts, as MPI knows them: Open MPI's library or MPICH's, through koffi.
 *
 * What MPI's headers call by name is an address in Open MPI and a number in MPICH.
 */
import { createRequire } from 'node:module';
import { FileError, ValueError } from '../errors.ts';
import { describe, requireKnown } from '../require.ts';
import type { Ranks } from './ranks.ts';

/** Which library is taken. */
export interface MpiOptions {
  /** Its path, or a name that the system's loader knows; otherwise `BPTT_MPI` of the environment, or what is found. */
  readonly library?: string;
}

/** What is used of koffi. */
interface Koffi {
  load(path: string, options: { readonly global: boolean }): Library;
  out(type: unknown): unknown;
  pointer(type: string): unknown;
}

interface Library {
  /** @throws Error when there is no such function. */
  func(name: string, result: string, parameters: readonly unknown[]): (...args: readonly unknown[]) => number;
  /** Where something lies. @throws Error when it is not there. */
  symbol(name: string, type: string): unknown;
}

const OPEN_MPI: readonly string[] = ['libmpi.so.40', 'libmpi.40.dylib'];
const MPICHS: readonly string[] = ['libmpich.so.12', 'libmpi.so.12', 'libmpich.so'];
const EITHER: readonly string[] = ['libmpi.so', 'libmpi.dylib', 'msmpi.dll'];

/** Bytes of one broadcast at most: their number is an integer of 32 bits. */
const MOST = 2 ** 30;

/** MPICH's MPI_COMM_WORLD and MPI_BYTE, in mpi.h. */
const MPICH = { world: 0x44000000, byte: 0x4c00010d } as const;

/**
 * What UCX, through which MPICH may speak, leaves alone: functions of memory, which it writes over while V8's threads run in
 * them, and the signals by which WebAssembly finds an access out of bounds. A fault that UCX takes itself may hang.
 */
const UCX = { UCX_MEM_EVENTS: 'n', UCX_ERROR_SIGNALS: '' } as const;

let opened: Ranks | undefined;

/**
 * This process among those that `mpirun` has started: the same when asked again. Begins MPI, and ends it with the program.
 * Sets `UCX_MEM_EVENTS` and `UCX_ERROR_SIGNALS` of the environment where they are not: as UCX has them, they end V8 at times.
 *
 * Whoever throws while others wait for him leaves them waiting: let the program end with what he threw, and `mpirun` ends them
 * all.
 *
 * @throws FileError when koffi or MPI is missing, saying what to install; ValueError when an option is none.
 */
export function mpi(options: MpiOptions = {}): Ranks {
  const { library } = requireKnown('options', options, ['library']);
  if (library !== undefined && (typeof library !== 'string' || library === ''))
    throw new ValueError('library', 'a path', describe(library));
  opened ??= begun(library ?? (process.env.BPTT_MPI || undefined));
  return opened;
}

function begun(path: string | undefined): Ranks {
  const koffi = koffiOf();
  const library = found(koffi, path);
  const { world, byte, handle } = handlesOf(library);
  const int = koffi.out(koffi.pointer('int'));
  const does = (name: string, ...parameters: readonly unknown[]) => {
    const call = library.func(name, 'int', parameters);
    return (...args: readonly unknown[]) => {
      const code = call(...args);
      if (code !== 0) throw new FileError('MPI', `${name} to succeed`, `error ${code}`);
    };
  };
  does('MPI_Init', 'void *', 'void *')(null, null);
  process.once('exit', code => {
    if (code === 0) does('MPI_Finalize')(); // where it is not, mpirun ends the others
  });
  const numberOf = (name: string): number => {
    const result = [0];
    does(name, handle, int)(world, result);
    return result[0] ?? 0;
  };
  const [rank, size] = [numberOf('MPI_Comm_rank'), numberOf('MPI_Comm_size')];
  requireLaunched(size);
  const bcast = does('MPI_Bcast', 'void *', 'int', handle, 'int', handle);
  return {
    rank,
    size,
    broadcast(from, bytes) {
      for (let at = 0; at < bytes.length; at += MOST) {
        const part = bytes.subarray(at, at + MOST);
        bcast(part, part.length, byte, from, world);
      }
    },
  };
}

function koffiOf(): Koffi {
  try {
    return createRequire(import.meta.url)('koffi') as Koffi;
  } catch {
    throw new FileError('MPI', 'the package koffi (npm install koffi)', 'none');
  }
}

function found(koffi: Koffi, path: string | undefined): Library {
  const tried = path === undefined ? namesHere() : [path];
  for (const [name, value] of Object.entries(UCX)) process.env[name] ??= value; // read when the library is loaded
  for (const name of tried) {
    try {
      return koffi.load(name, { global: true }); // Open MPI loads parts of itself, which look for the whole
    } catch {}
  }
  const expected = 'Open MPI (Debian and Ubuntu: apt install openmpi-bin; macOS: brew install open-mpi) or MPICH';
  throw new FileError('MPI', `${expected}, or the path of one in BPTT_MPI`, `none of ${tried.join(', ')}`);
}

/** Names to be tried: those of the one whose mpirun has started this process come first. */
function namesHere(): readonly string[] {
  const { OMPI_COMM_WORLD_SIZE, PMI_SIZE } = process.env;
  const isMpich = OMPI_COMM_WORLD_SIZE === undefined && PMI_SIZE !== undefined;
  return [...(isMpich ? [MPICHS, OPEN_MPI] : [OPEN_MPI, MPICHS]).flat(), ...EITHER];
}

/** Another library than that of mpirun takes every process for one by itself. */
function requireLaunched(size: number): void {
  const { OMPI_COMM_WORLD_SIZE, PMI_SIZE } = process.env;
  const launched = OMPI_COMM_WORLD_SIZE ?? PMI_SIZE;
  if (launched === undefined || Number(launched) === size) return;
  const expected = `the library of the mpirun that has started ${launched} processes (BPTT_MPI names its path)`;
  throw new FileError('MPI', expected, `one that knows of ${size}`);
}

function handlesOf(library: Library): { readonly world: unknown; readonly byte: unknown; readonly handle: string } {
  try {
    const addressOf = (name: string) => library.symbol(name, 'char');
    return { world: addressOf('ompi_mpi_comm_world'), byte: addressOf('ompi_mpi_byte'), handle: 'void *' };
  } catch {
    return { ...MPICH, handle: 'int' };
  }
}
