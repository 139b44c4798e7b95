import { effect, signal } from '@preact/signals';

export const LANGUAGES = { en: 'English', ko: '한국어' } as const;
export type Language = keyof typeof LANGUAGES;

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export const language = signal<Language>(
  oneOf(kept('language'), ['en', 'ko'], navigator.language.startsWith('ko') ? 'ko' : 'en'),
);
export const theme = signal<Theme>(oneOf(kept('theme'), THEMES, 'system'));

effect(() => {
  document.documentElement.lang = language.value;
  keep('language', language.value);
});
effect(() => {
  if (theme.value === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme.value;
  keep('theme', theme.value);
});

/** What this browser keeps; null: nothing, or it may keep nothing. */
export function kept(name: string): string | null {
  try {
    return localStorage.getItem(`orchestrator.${name}`);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`orchestrator.${name}`, value);
  } catch {
    // The page works without.
  }
}

function oneOf<Name extends string>(value: string | null, names: readonly Name[], otherwise: Name): Name {
  return names.find((name) => name === value) ?? otherwise;
}
