/** The tasks, by name. */
import { classify } from './classify.ts';
import { forecast } from './forecast.ts';
import { language } from './language.ts';
import { tag } from './tag.ts';
import type { Task } from './task.ts';
import { translate } from './translate.ts';
import type { TaskName } from './understanding.ts';

export const tasks: Readonly<Record<TaskName, Task>> = { forecast, classify, tag, translate, language };
