/** What is given and 1 in all: targets y of which Σᵢ yᵢ = 1. */
import type { Expression, Name } from './expression.ts';

/** What a side is the sum of all elements of: Σ_i y_i, 𝟏ᵀy. */
export function summedIn(side: Expression): Name | undefined {
  if (side.kind === 'over' && side.operation === 'Σ' && side.of.kind === 'element') {
    const [place, another] = side.of.places;
    const isAll = place?.kind === 'place' && place.letter === side.range.index && !another && !side.range.from;
    return isAll && side.of.of.kind === 'name' ? side.of.of.name : undefined;
  }
  const [ones, of, ...others] = side.kind === 'product' ? side.factors : [];
  const isOnes = ones?.kind === 'transpose' && ones.of.kind === 'constant' && ones.of.name === '1';
  return isOnes && of?.kind === 'name' && others.length === 0 ? of.name : undefined;
}

/** Anything over the sum of its elements, which so are 1 in all. */
export function normalised(name: Name, at: number): Expression {
  const any: Expression = { kind: 'name', name: { ...name, letter: `${name.letter}°` }, at };
  const ones: Expression = { kind: 'constant', name: '1', at };
  const sum: Expression = { kind: 'product', factors: [{ kind: 'transpose', of: ones, at }, any], at };
  return { kind: 'each', operation: '⊘', left: any, right: sum, at };
}
