import type { Artifact } from '@agent-orchestrator/core';
import { withoutPasswords } from './without-passwords.ts';

/** Where an artifact is, for people: a URL without the user and the password, which may be a secret. */
export function artifactPlace({ path, url }: Pick<Artifact, 'path' | 'url'>): string {
  if (url === undefined || !URL.canParse(url)) return path ?? withoutPasswords(url ?? '');
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return withoutPasswords(shown.href);
}
