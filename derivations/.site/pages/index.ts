/** All pages. What is in the menu, and in which order, `page.ts` says. */
import type { Page } from '../page.ts';
import { api } from './api.ts';
import { beginning } from './beginning.ts';
import { data } from './data.ts';
import { contents, derivationPage, inOrder } from './derivations.ts';
import { flow } from './flow.ts';
import { guides } from './guides.ts';
import { judge } from './judge.ts';
import { time } from './time.ts';
import { train } from './train.ts';

export function pages(): readonly Page[] {
  return [
    beginning(),
    contents(),
    time(),
    judge(),
    flow(),
    train(),
    data(),
    ...guides(),
    ...api(),
    ...inOrder.map(derivationPage),
  ];
}
