/** The version of this library: what package.json says, which a test holds it to. A bundle has no package.json. */
export const version: string = '0.1.0';

/** What a checkpoint of a character model calls itself in its metadata. */
export const checkpointFormat: string = 'bptt-char-model';
