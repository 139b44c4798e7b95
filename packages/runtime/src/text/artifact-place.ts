import { artifactsOf, type Artifact } from '@agent-orchestrator/core';
import { withoutPasswords } from './without-passwords.ts';

const IS_ADDRESS = /^[a-z][\w+.-]*:\/\//iu;

/**
 * Where an artifact is, for people: of a URL without the user and the password, and without the values of its query and
 * its fragment. Each of them may be a secret, such as the signature of a link.
 */
export function artifactPlace({ path, url }: Pick<Artifact, 'path' | 'url'>): string {
  // An address may have been given as a path.
  if (url === undefined && !IS_ADDRESS.test(path ?? '')) return path ?? '';
  const place = url ?? path ?? '';
  if (!URL.canParse(place)) return withoutPasswords(place);
  const shown = new URL(place);
  const query = shown.search.replace(/[^?&]+/gu, namedOnly);
  const fragment = shown.hash === '' ? '' : '#…';
  shown.username = '';
  shown.password = '';
  shown.search = '';
  shown.hash = '';
  return `${withoutPasswords(shown.href)}${query}${fragment}`;
}

/** The result of a task, for people: with the places of its artifacts as they are shown. */
export function shownResult(result: unknown): unknown {
  const artifacts = artifactsOf(result);
  if (artifacts.length === 0) return result;
  const shown = artifacts.map((one) => ({ ...one, [one.url === undefined ? 'path' : 'url']: artifactPlace(one) }));
  return { ...(result as object), artifacts: shown };
}

/** What an event says, for people: the result in it as it is shown. */
export function shownPayload<Payload>(payload: Payload): Payload {
  const isWithResult = typeof payload === 'object' && payload !== null && 'result' in payload;
  return isWithResult ? { ...payload, result: shownResult(payload.result) } : payload;
}

/** What has no name is a value. */
function namedOnly(parameter: string): string {
  const end = parameter.indexOf('=');
  return end === -1 ? '…' : `${parameter.slice(0, end)}=…`;
}
