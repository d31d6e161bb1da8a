/** What “Where does the gradient go?” asks its worker, and what that answers. */
import type { Evidence, Study } from 'bptt/flow';
import type { Setting } from './flow-setting.ts';

export type FlowQuestion =
  | { readonly id: number; readonly kind: 'study'; readonly setting: Setting }
  | { readonly id: number; readonly kind: 'claim'; readonly name: string };

export type FlowAnswer =
  | { readonly id: number; readonly kind: 'study'; readonly setting: Setting; readonly study: Study }
  | { readonly id: number; readonly kind: 'claim'; readonly name: string; readonly evidence: Evidence }
  | { readonly id: number; readonly kind: 'failed'; readonly why: string };
