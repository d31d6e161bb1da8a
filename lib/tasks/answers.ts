/** What a model says of a file, sequence after sequence: the file may be larger than memory. */
import { type Item, itemsOf } from './items.ts';
import type { TaskModel } from './model.ts';
import type { Reading } from './table.ts';
import type { Answer } from './task.ts';

/** Sequences that are answered at a time. */
const AT_ONCE = 64;

/**
 * The answers of a model.
 *
 * @throws FormatError, when it comes to it, naming file and line; what stands before is answered by then.
 */
export async function* answersOf(
  { learnt, known }: Pick<TaskModel, 'learnt' | 'known'>,
  reading: Reading,
): AsyncGenerator<Answer, void, undefined> {
  let some: Item[] = [];
  const answered = (): readonly Answer[] => {
    const items = some;
    some = [];
    return items.length > 0 ? learnt.answer(items) : [];
  };
  try {
    for await (const item of itemsOf(reading, known.understanding, false)) {
      some.push(item);
      if (some.length === AT_ONCE) yield* answered();
    }
  } catch (error) {
    yield* answered();
    throw error;
  }
  yield* answered();
}
