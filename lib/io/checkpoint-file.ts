/** The file of a checkpoint, before a model is made of it. */
import { FormatError, ShapeError, ValueError } from '../errors.ts';
import { shown } from '../foreign.ts';
import type { CharTrainerOptions } from '../models/char-options.ts';
import { describe } from '../require.ts';
import { parseField } from './checkpoint-fields.ts';
import { namesIn, type Tensor, type TensorFile } from './safetensors.ts';
import { readSealed } from './sealed.ts';
import { checkpointFormat, otherKind } from './version.ts';

/** What is written, and what is read as well. */
export const VERSION = '2';
export const OLD_VERSION = '1';

/** What the file holds: its metadata are strings, some of which are JSON. */
export interface Opened {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: ReadonlyMap<string, string>;
  readonly version: typeof VERSION | typeof OLD_VERSION;
  /** The hash of the text. */
  readonly text: string;
  /** A field of the metadata that is JSON, or throws FormatError. */
  json(key: string): unknown;
}

/** The options as they are saved: the cell by its name. */
export type SavedOptions = Omit<CharTrainerOptions, 'cell'> & { readonly cell: string };

/**
 * The name of the cell that a checkpoint was made with, for whoever has yet to find that cell.
 *
 * @throws FormatError as `decodeCheckpoint`.
 */
export function savedCell(bytes: Uint8Array, file: string): string {
  const { json } = opened(bytes, file);
  return refusing(file, () => savedOptions(json('options')).cell);
}

/** What the bytes of a checkpoint hold, or throws FormatError. */
export function opened(bytes: Uint8Array, file: string): Opened {
  const { tensors, metadata } = sealedTensors(bytes, file);
  const format = metadata.get('format');
  const version = metadata.get('version');
  if (format !== checkpointFormat)
    throw new FormatError(
      file,
      `a ${checkpointFormat} checkpoint`,
      otherKind(format) ?? `format ${shown(describe(format))}`,
    );
  if (version !== VERSION && version !== OLD_VERSION)
    throw new FormatError(file, `version ${OLD_VERSION} or ${VERSION}`, `version ${shown(describe(version))}`);
  const text = metadata.get('text');
  if (text === undefined) throw new FormatError(file, 'the hash of its text in its metadata', 'none');
  return { tensors, metadata, version, text, json: key => parseField(file, key, metadata.get(key)) };
}

/** The options in the metadata, as far as to the name of the cell; or throws ValueError. */
export function savedOptions(json: unknown): SavedOptions {
  const saved = { ...(json as SavedOptions) };
  if (typeof saved.cell !== 'string') throw new ValueError('cell', 'the name of a cell', describe(saved.cell));
  return saved;
}

/** What a sealed file holds; a state_dict of PyTorch is called one. */
function sealedTensors(bytes: Uint8Array, file: string): TensorFile {
  try {
    return readSealed(bytes, file);
  } catch (error) {
    if (error instanceof FormatError && namesIn(bytes).some(name => /(^|\.)weight_ih(_l0)?$/.test(name))) {
      const got = 'a state_dict of PyTorch: bptt import makes a checkpoint of it';
      throw new FormatError(file, `a ${checkpointFormat} checkpoint`, got);
    }
    throw error;
  }
}

/** What `make` returns; its ShapeErrors, ValueErrors and FormatErrors are the file's fault. */
export function refusing<T>(file: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    const isBare = error instanceof FormatError && error.argument !== file;
    if (error instanceof ShapeError || error instanceof ValueError || isBare) {
      throw new FormatError(file, shown(`${error.argument} to be ${error.expected}`), shown(error.got));
    }
    throw error;
  }
}
