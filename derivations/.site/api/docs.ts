/** Doc comments, taken apart. */

/** What a doc comment says. */
export interface Doc {
  /** Markdown. */
  readonly text: string;
  readonly params: readonly Said[];
  readonly returns: readonly string[];
  readonly throws: readonly string[];
  /** The code of its examples, those in comments of members too. */
  readonly examples: readonly ExampleCode[];
}

/** What is said of a parameter. */
export interface Said {
  readonly name: string;
  readonly text: string;
}

/** An example. */
export interface ExampleCode {
  readonly code: string;
  /** Whether it may be run. */
  readonly runs: boolean;
}

/** A comment with its asterisks, or nothing. */
export function docOf(comment: string): Doc {
  const lines = comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .replace(/^ *\* ?/gm, '');
  const [text = '', ...tags] = lines.split(/^@(?=[a-zA-Z])/m);
  const of = (kind: string) =>
    tags
      .filter(tag => tag.startsWith(`${kind} `) || tag.startsWith(`${kind}\n`))
      .map(tag => tag.slice(kind.length).trim());
  const params = [...of('param'), ...of('typeParam')].map(said => {
    const [, name = '', about = ''] = /^(\S+)\s*([\s\S]*)$/.exec(said) ?? [];
    return { name, text: about };
  });
  return {
    text: text.trim(),
    params,
    returns: [...of('returns'), ...of('yields')],
    throws: of('throws'),
    examples: of('example').flatMap(examplesIn),
  };
}

/** The blocks of TypeScript in a text. */
export function examplesIn(text: string): ExampleCode[] {
  const blocks = text.matchAll(/^```ts( no-run)?\n([\s\S]*?)^```$/gm);
  return Array.from(blocks, ([, noRun, code = '']) => ({ code: code.trimEnd(), runs: noRun === undefined }));
}
