/**
 * A file of specs that a mutant keeps from being loaded has found it: it makes its layers where it lists them, say, and
 * none can be made. Stryker looks at tests alone, and such a file has none; so it is given one that has failed.
 */
import type { RunnerTestCase, RunnerTestFile, RunnerTestSuite } from 'vitest';
import type { Reporter, TestModule } from 'vitest/node';

export class Unloaded implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules) {
      const file = (module as unknown as { readonly task: RunnerTestFile }).task;
      if (file.result?.state === 'fail' && file.tasks.length === 0) file.tasks.push(failed(file));
    }
  }
}

function failed(file: RunnerTestFile): RunnerTestCase {
  const name = 'can be loaded';
  return {
    ...file,
    type: 'test',
    name,
    fullName: name,
    suite: file as RunnerTestSuite,
    file,
  } as unknown as RunnerTestCase;
}
