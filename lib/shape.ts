import type { AbstractMatrix } from 'ml-matrix';

/** Rows and columns of a matrix. */
export type Shape = readonly [rows: number, columns: number];

/** A shape for every name. */
export type Shapes<Name extends string = string> = Readonly<Record<Name, Shape>>;

/** A matrix for every name: the parameters of a cell, its state, their gradients. */
export type Matrices<Name extends string = string> = Readonly<Record<Name, AbstractMatrix>>;
