import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the folder `native` lies: as seen from here, and from a bundle. */
const PLACES = ['../../native/', '../native/'];

/** The path of a file in the folder `native`; null: it is missing. */
export function nativeFile(name: string): string | null {
  const paths = PLACES.map((place) => fileURLToPath(new URL(`${place}${name}`, import.meta.url)));
  return paths.find((path) => existsSync(path)) ?? null;
}
