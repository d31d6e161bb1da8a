/** What a checkpoint's metadata holds beside its tensors, each as it is written and as it is read. */
import type { Cell, CellSize } from '../cells/cell.ts';
import { canonical } from '../equations/canonical.ts';
import { type Recorded, record } from '../equations/record.ts';
import { FormatError, ValueError } from '../errors.ts';
import type { TrainerPosition } from '../models/char-trainer.ts';
import { type Level, vocabularyFrom } from '../models/level.ts';
import type { Vocabulary } from '../models/vocabulary.ts';
import { Random } from '../random.ts';
import { describe, requireFinite, requireFiniteNumber, requireInteger } from '../require.ts';
import { outlineOf, parseJson } from './json.ts';
import { isNamedAsOurs, isOwnCell } from './parts.ts';
import { sha256 } from './sha256.ts';

/** A cell called as one of the library's is that one, or throws ValueError: by its name it would be taken for it. */
export function requireNoNamesake(argument: string, cell: Cell, name: string = cell.name): void {
  if (isNamedAsOurs(name) && !isOwnCell(cell, name)) {
    const expected = `the library's ${name}, or a cell with a name of its own`;
    throw new ValueError(argument, expected, `another cell called ${name}`);
  }
}

/**
 * A hash of the equations of a cell that is not the library's, of that size; undefined of the library's, which their names
 * tell, and where they cannot be recorded.
 */
export function equationsHash(cell: Cell, size: CellSize): string | undefined {
  return isOwnCell(cell) ? undefined : hashOf(record(cell, size));
}

/** A cell has the equations of that hash, if there is one, or throws ValueError. */
export function requireEquations(cell: Cell, size: CellSize, hash: string | undefined): void {
  if (hash === undefined || isOwnCell(cell)) return;
  const recorded = record(cell, size);
  if (hashOf(recorded) === hash) return;
  const got = recorded.equations ? 'other equations' : `none that can be recorded: ${recorded.reason}`;
  throw new ValueError('equations', `those of the cell ${cell.name} that it was trained with`, got);
}

function hashOf({ equations }: Recorded): string | undefined {
  return equations && sha256(canonical(equations));
}

/** A note as JSON that is read again, or throws ValueError. */
export function noteJson(note: unknown): string {
  try {
    const json: unknown = JSON.stringify(note);
    if (typeof json === 'string') {
      const { tooMany } = outlineOf(json);
      if (tooMany === undefined) return json;
      throw new ValueError('note', `JSON of at most ${tooMany}`, 'more');
    }
  } catch (error) {
    // What is too deep or too long for a string is a RangeError.
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
  }
  throw new ValueError('note', 'what JSON can hold', describe(note));
}

/** The JSON of a field of the metadata, or throws FormatError. */
export function parseField(file: string, key: string, text: string | undefined): unknown {
  const where = `in its metadata's ${key}`;
  if (text === undefined) throw new FormatError(file, `JSON ${where}`, 'none');
  return parseJson(text, (expected, got) => new FormatError(file, `${expected} ${where}`, got));
}

/** The vocabulary of what should be a list of symbols at a level, or throws ValueError. */
export function vocabularyOf(level: Level, symbols: unknown): Vocabulary {
  if (!Array.isArray(symbols)) throw new ValueError('vocabulary', 'a list of symbols', describe(symbols));
  return vocabularyFrom(level, symbols);
}

/** All of a position is there and in its range, or throws ValueError. Returns it. */
export function requirePosition(position: TrainerPosition): TrainerPosition {
  requireInteger('step', position.step, 0);
  requireInteger('position', position.position, 0);
  // 0 is the loss of a text of one symbol.
  if (requireFiniteNumber('smoothed', position.smoothed) < 0)
    throw new ValueError('smoothed', 'a number ≥ 0', describe(position.smoothed));
  const { random } = position;
  if (!Array.isArray(random) || !random.every(word => typeof word === 'number'))
    throw new ValueError('random', 'four integers', describe(random));
  Random.fromState(random);
  if (requireFiniteNumber('learningRate', position.learningRate) < 0)
    throw new ValueError('learningRate', 'a number ≥ 0', describe(position.learningRate));
  if (!Array.isArray(position.norms)) throw new ValueError('norms', 'a list of numbers', describe(position.norms));
  requireFinite('norms', position.norms);
  return position;
}
