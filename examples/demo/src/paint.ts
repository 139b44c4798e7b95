import type { styleText } from 'node:util';

/** Paints words, where the output shows colours. */
export type Paint = (format: Parameters<typeof styleText>[0], text: string) => string;
