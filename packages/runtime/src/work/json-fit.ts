import type { Json } from '@agent-orchestrator/core';
import { CUT, wellFormed } from './storable-text.ts';

/** The part of a value that fits. Where all share alike, none gets less than this. */
const SHARE_BYTES_MIN = 64;

/**
 * As much of a value as so many bytes of JSON take. What is largest is cut first: each text that is too long, then
 * parts of arrays and objects that are too many.
 *
 * @param json with each part but once, without `undefined`
 * @returns undefined: nothing fits
 */
export function fitted(json: Json, bytesMax: number): Json | undefined {
  return new Fitting().fitted(json, bytesMax);
}

/** The bytes of a value as JSON. It is never written as one text: that may be longer than any text can be. */
export function bytesOfJson(json: Json): number {
  return new Fitting().bytes(json);
}

interface Part {
  readonly at: number;
  readonly key: string;
  readonly item: Json;
  /** Of the key and the comma. */
  readonly besides: number;
  readonly bytes: number;
}

class Fitting {
  readonly #known = new Map<object, number>();

  bytes(json: Json): number {
    if (typeof json === 'string') return Buffer.byteLength(JSON.stringify(json));
    if (json === null || typeof json !== 'object') return JSON.stringify(json).length;
    const known = this.#known.get(json);
    if (known !== undefined) return known;
    const parts = this.#parts(json);
    const bytes = parts.reduce((sum, part) => sum + part.bytes, 2) - (parts.length === 0 ? 0 : 1);
    this.#known.set(json, bytes);
    return bytes;
  }

  fitted(json: Json, room: number): Json | undefined {
    if (this.bytes(json) <= room) return json;
    if (typeof json === 'string') return this.#cut(json, room);
    if (json === null || typeof json !== 'object' || room < 2) return undefined;
    const kept: (readonly [key: string, item: Json])[] = [];
    const smallestFirst = this.#parts(json).toSorted((one, other) => one.bytes - other.bytes);
    // The last part has no comma.
    let left = room - 1;
    for (const [done, { at, key, item, besides }] of smallestFirst.entries()) {
      const share = Math.min(left, Math.max(Math.floor(left / (smallestFirst.length - done)), SHARE_BYTES_MIN));
      const part = this.fitted(item, share - besides);
      if (part === undefined) continue;
      left -= besides + this.bytes(part);
      kept[at] = [key, part];
    }
    const inOrder = kept.filter((part) => part !== undefined);
    return Array.isArray(json) ? inOrder.map(([, item]) => item) : Object.fromEntries(inOrder);
  }

  #parts(json: object): readonly Part[] {
    const isArray = Array.isArray(json);
    return Object.entries(json as Readonly<Record<string, Json>>).map(([key, item], at) => {
      const besides = isArray ? 1 : this.bytes(key) + 2;
      return { at, key, item, besides, bytes: besides + this.bytes(item) };
    });
  }

  /** The longest beginning of a text that fits. */
  #cut(text: string, room: number): string | undefined {
    let least = 0;
    let most = Math.min(text.length, Math.max(room, 0));
    while (least < most) {
      const middle = Math.ceil((least + most) / 2);
      if (this.bytes(beginning(text, middle)) <= room) least = middle;
      else most = middle - 1;
    }
    return least === 0 ? undefined : beginning(text, least);
  }
}

function beginning(text: string, characters: number): string {
  return wellFormed(`${text.slice(0, characters)}${CUT}`);
}
