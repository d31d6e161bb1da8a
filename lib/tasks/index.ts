/**
 * From a table of one's own to a model, and to its answers: `import { answerTable, fitTable } from 'bptt/tasks'`. It is what the
 * command's `fit` and `predict` do, and needs no Node.
 */

export { answerTable } from './answer-table.ts';
export { type FitTableOptions, fitTable, type ResumeTableOptions, resumeTable, type TableFit } from './fit-table.ts';
export type { Asked } from './fitting.ts';
export type { TableOptions } from './held-table.ts';
export { usualSettings } from './settings.ts';
export type { Sizes } from './split.ts';
export type { ColumnKind } from './table.ts';
export type { About, Answer, Judged, Settings, Steps } from './task.ts';
export { type GivenRoles, type Roles, type TaskName, taskNames, type Understanding } from './understanding.ts';
