import { artifactsOf, type Artifact, type Context } from '@agent-orchestrator/core';
import { withoutPasswords } from './without-passwords.ts';

/** Also with slashes forgotten or turned. One letter is the drive of a path. */
const IS_ADDRESS = /^\s*[a-z][\w+.-]+:[/\\]/iu;
/** A path that begins at the root, without anything coded, has no user before it. */
const IS_FROM_ROOT = /^(?!.*(?:\/\/|[%\\\uFF0F]))\//su;

/**
 * Where an artifact is, for people: of a URL without the user and the password, and without the values of its query and
 * its fragment. Each of them may be a secret, such as the signature of a link.
 */
export function artifactPlace({ path, url }: Pick<Artifact, 'path' | 'url'>): string {
  // An address may have been given as a path.
  if (url === undefined && !IS_ADDRESS.test(path ?? '')) return shownPath(path ?? '');
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

function shownPath(path: string): string {
  return IS_FROM_ROOT.test(path) ? path : withoutPasswords(path);
}

/** A checkpoint as it is shown to people: its reference to further memory may be a URL, or a text with one in it. */
export function shownContext<Kept extends Pick<Context, 'memoryRef'>>(context: Kept): Kept {
  const { memoryRef } = context;
  return memoryRef === null ? context : { ...context, memoryRef: shownPath(memoryRef) };
}

/** The result of a task, for people: with the places of its artifacts as they are shown. */
export function shownResult(result: unknown): unknown {
  const artifacts = artifactsOf(result);
  if (artifacts.length === 0) return result;
  const shown = artifacts.map((one) => ({ ...one, [one.url === undefined ? 'path' : 'url']: artifactPlace(one) }));
  return { ...(result as object), artifacts: shown };
}

/** What an event says, for people: a result and a reference to memory in it as they are shown. */
export function shownPayload<Payload>(payload: Payload): Payload {
  if (typeof payload !== 'object' || payload === null) return payload;
  const memoryRef = 'memory_ref' in payload ? payload.memory_ref : null;
  return {
    ...payload,
    ...('result' in payload && { result: shownResult(payload.result) }),
    ...(typeof memoryRef === 'string' && { memory_ref: shownPath(memoryRef) }),
  };
}

/** What has no name is a value. */
function namedOnly(parameter: string): string {
  const end = parameter.indexOf('=');
  return end === -1 ? '…' : `${parameter.slice(0, end)}=…`;
}
