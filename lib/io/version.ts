/** The version of this library: what package.json says, which a test holds it to. A bundle has no package.json. */
export const version: string = '0.1.0';

/** What a checkpoint of a character model calls itself in its metadata. */
export const checkpointFormat: string = 'bptt-char-model';

/** What the file of any other model calls itself in its metadata. */
export const modelFormat: string = 'bptt-model';

const TAKEN: ReadonlyMap<string | undefined, string> = new Map([
  [checkpointFormat, "a run's checkpoint: bptt sample, cells, export and train --resume take it"],
  [modelFormat, 'a model of bptt fit or of save(): bptt predict and evaluate take those of fit'],
]);

/** What a file of ours of the other kind is, and who takes it; of any other format nothing. */
export function otherKind(format: string | undefined): string | undefined {
  return TAKEN.get(format);
}
