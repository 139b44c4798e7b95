import { language } from '../state/preferences.ts';
import { en, type TextName } from './en.ts';

import { ko } from './ko.ts';

const TEXTS = { en, ko };

type Values = Readonly<Record<string, string | number>>;

/** A text in the language of the reader. Numbers are written in its way. */
export function t(name: TextName, values: Values = {}): string {
  return TEXTS[language.value][name].replaceAll(/\{(\w+)\}/g, (whole, key: string) => {
    const value = values[key];
    return typeof value === 'number' ? count(value) : (value ?? whole);
  });
}

/** A text whose name the server chose, such as a status; the name itself if there is no text. */
export function named(name: string): string {
  return name in en ? t(name as TextName) : name.replaceAll('_', ' ');
}

export function count(value: number): string {
  return new Intl.NumberFormat(language.value).format(value);
}

export type { TextName };
