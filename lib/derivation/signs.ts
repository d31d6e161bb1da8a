/** What signs, words and letters of LaTeX stand for. */
import type { Many, Relation } from './expression.ts';

export const RELATIONS: Readonly<Record<string, Relation>> = {
  '<': '<',
  '\\lt': '<',
  '>': '>',
  '\\gt': '>',
  '\\le': '≤',
  '\\leq': '≤',
  '\\ge': '≥',
  '\\geq': '≥',
  '=': '=',
  '\\ne': '≠',
  '\\neq': '≠',
};

/** What runs over an index that stands below it. */
export const MANY: Readonly<Record<string, Many>> = { '\\sum': 'Σ', '\\prod': 'Π', max: 'max', min: 'min' };

/** The places of what is found by running over an index: behind `arg`. */
export const ARGUMENTS: Readonly<Record<string, Many>> = { max: 'argmax', min: 'argmin' };

/** Functions by the words for them. */
export const FUNCTIONS: Readonly<Record<string, string>> = {
  tanh: 'tanh',
  exp: 'exp',
  log: 'log',
  ln: 'log',
  max: 'max',
  min: 'min',
  sigmoid: 'σ',
  sigm: 'σ',
  logistic: 'σ',
  relu: 'relu',
  ReLU: 'relu',
  softmax: 'softmax',
  softplus: 'softplus',
  diag: 'diag',
  Diag: 'diag',
  sign: 'sign',
  sgn: 'sign',
  abs: 'abs',
  vec: 'vec',
  concat: 'concat',
  dim: 'dim',
  det: 'det',
  spectral: 'spectral',
  tr: 'tr',
};

/** Words that are no names. */
export const WORDS: ReadonlySet<string> = new Set([
  ...Object.keys(FUNCTIONS),
  'arg',
  'det',
  'Pr',
  'Var',
  'mean',
  'mod',
  'lim',
  'sup',
  'inf',
]);

/** Letters that are functions where a parenthesis follows. */
export const FUNCTION_LETTERS: Readonly<Record<string, string>> = {
  '\\sigma': 'σ',
  '\\rho': 'ρ',
  g: 'g',
  f: 'f',
  D: 'D',
  N: 'N',
  '\\phi': 'φ',
  '\\varphi': 'φ',
  '\\psi': 'ψ',
};

export const ELEMENTWISE: Readonly<Record<string, '⊙' | '⊘'>> = {
  '\\odot': '⊙',
  '\\circ': '⊙',
  '*': '⊙',
  '\\ast': '⊙',
  '∗': '⊙',
  '\\oslash': '⊘',
  '/': '⊘',
};

export const GREEK: Readonly<Record<string, string>> = Object.fromEntries(
  'alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω ell ℓ'
    .split(' ')
    .flatMap((word, n, words) => (n % 2 === 0 ? [[`\\${word}`, words[n + 1] ?? '']] : [])),
);

export const ACCENTS: Readonly<Record<string, string>> = {
  '\\tilde': '\u0303',
  '\\widetilde': '\u0303',
  '\\hat': '\u0302',
  '\\widehat': '\u0302',
  '\\bar': '\u0304',
  '\\overline': '\u0304',
  '\\vec': '\u20d7',
  '\\overrightarrow': '\u20d7',
  '\\overleftarrow': '\u20d6',
  '\\dot': '\u0307',
};
