/**
 * What copies of the library know of each other's things. Two meet in one program where a loader has one copy for `import` and
 * another for `require`, or where the command is one package and the module that it is given imports from another. A class
 * of one copy is not that of the other, and what one remembers by an object the other does not: so each thing says itself
 * what it is.
 */

/** A class of the library, which has a name that all copies know it by. */
interface Branded {
  readonly brand: string;
  [Symbol.hasInstance](value: unknown): boolean;
}

/** Whether a value was made by that class, or one derived from it, of this copy or another. */
export function isMadeBy(Class: Branded, value: unknown): boolean {
  return Function.prototype[Symbol.hasInstance].call(Class, value) || madeElsewhere(Class, value);
}

/** The same, as the answer of a class and those derived from it to `instanceof`. */
export function asInstance(this: unknown, value: unknown): boolean {
  return isMadeBy(this as Branded, value);
}

/**
 * Whether it was made by the class of another copy, which is asked: it alone can see private fields. Never of a class that has
 * no brand of its own, as one that a user derives.
 */
export function madeElsewhere(Class: Branded, value: unknown): boolean {
  let maker: unknown = typeof value === 'object' && value !== null ? value.constructor : undefined;
  while (isBranded(maker) && maker !== Class) {
    if (maker.brand === Class.brand) return Object.hasOwn(Class, 'brand') && maker[Symbol.hasInstance](value);
    maker = Object.getPrototypeOf(maker);
  }
  return false;
}

function isBranded(maker: unknown): maker is Branded {
  const { brand } = (typeof maker === 'function' ? maker : {}) as Partial<Branded>;
  return typeof brand === 'string' && brand.startsWith('bptt.');
}

/** Something that is remembered of objects by all copies: by the object itself, and of no copy that somebody makes of it. */
export interface Note<V> {
  get(object: object): V | undefined;
  set(object: object, value: V): void;
}

/** The note of that name. */
export function noteOf<V>(name: string): Note<V> {
  const key = Symbol.for(`bptt.${name}`);
  return {
    get: object => (Object.hasOwn(object, key) ? (Reflect.get(object, key) as V) : undefined),
    set: (object, value) => {
      Object.defineProperty(object, key, { value, configurable: true });
    },
  };
}
