/**
 * The kinds of columns that the tables are made of.
 */
import type { Check, Kind } from './table.ts';

export const column = <const Of extends Kind>(kind: Of) => ({ kind, isNullable: false }) as const;
export const orNull = <const Of extends Kind>({ kind }: { readonly kind: Of }) => ({ kind, isNullable: true }) as const;

export const text = column('text');
export const json = column('json');
/** JSON that is read as an object. */
export const object = column('object');
export const integer = column('integer');
/** It begins with 1. */
export const counted = { ...integer, least: 1 } as const;
/** Milliseconds since 1970, a fence, an id of an event, or a number for people. */
export const big = column('big');
/** A number for people. */
export const number = { ...big, least: 1 } as const;
export const hash = column('hash');
export const uuid = column('uuid');
export const namespace = column('namespace');

/** None of the numbers is out of range. */
export const inRange =
  (...columns: readonly string[]): Check =>
  (words) =>
    words.inRange(columns);
