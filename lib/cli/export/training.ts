/** `bptt export --training`: what PyTorch needs to go on with a run, in files beside the state_dict. */
import { ValueError } from '../../errors.ts';
import type { Checkpoint } from '../../io/checkpoint.ts';
import { isFolder, samePlace } from '../../io/node/folders.ts';
import { resumeTrainer } from '../../io/resume-trainer.ts';
import { encodeTorchTraining } from '../../io/torch-training.ts';
import { readCorpus } from '../corpus.ts';
import { requireNoOther, requireOurs } from '../overwrite.ts';
import { notedText } from '../runs/text-place.ts';

/** How the name of a state_dict's file ends. */
const SUFFIX = '.safetensors';

/** The name of a file beside a state_dict's, with another end. */
export function nameBeside(out: string, end: string): string {
  return `${out.slice(0, -SUFFIX.length)}${end}`;
}

/**
 * The files of a run, by their names.
 *
 * @param out where the state_dict is to go.
 * @param path of the text that it is trained on; where the checkpoint says unless given.
 * @throws ValueError when the name ends otherwise, a file is one that is read, another's or a folder, or PyTorch lacks something.
 */
export function trainingFiles(
  checkpoint: Checkpoint,
  out: string,
  path: string | undefined,
): Readonly<Record<string, Uint8Array>> {
  if (!out.endsWith(SUFFIX)) throw new ValueError('--out', `a name that ends in ${SUFFIX}, with --training`, out);
  const corpus = path === undefined ? notedText(checkpoint, 'text') : readCorpus({ kind: 'file', name: path });
  const files = encodeTorchTraining(resumeTrainer(checkpoint, corpus.text, 'reference'));
  const named = Object.entries(files).map(([end, bytes]) => [nameBeside(out, end), bytes] as const);
  const read = [checkpoint.file, ...(corpus.path === undefined ? [] : [corpus.path])];
  const taken = named.find(([name]) => read.some(other => samePlace(name, other)));
  if (taken) throw new ValueError('--out', 'names of files that are not read', taken[0]);
  const folder = named.find(([name]) => isFolder(name));
  if (folder) throw new ValueError('--out', 'a name beside which no folder is in the way', folder[0]);
  for (const [name] of named) if (name.endsWith(SUFFIX)) requireNoOther(name);
  requireOurs(nameBeside(out, '.json'), isRun);
  const [title = ''] = new TextDecoder().decode(files['.py']).split('\n', 1);
  requireOurs(nameBeside(out, '.py'), text => text.startsWith(title));
  return Object.fromEntries(named);
}

/** Whether a text is that of a run's symbols and text, which such a script reads. */
function isRun(text: string): boolean {
  try {
    return Object.keys(JSON.parse(text)).join() === 'vocabulary,text';
  } catch {
    return false;
  }
}
