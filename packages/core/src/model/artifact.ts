import { z } from 'zod';
import * as field from './fields.ts';
import { LIMITS } from './limits.ts';

/*
 * What a task has made, as far as its result names it: `{ artifacts: [{ name, path or url, sha256, bytes }] }`. A
 * result is any JSON; only this field of an object has a form. The things themselves stay where they are.
 */

/** How a URL of an artifact begins: what a person or a program can fetch. Nothing that a browser would execute. */
const ARTIFACT_SCHEMES = ['https', 'http', 'file', 'ftp', 'sftp', 's3', 'gs'] as const;
const isArtifactUrl = (text: string): boolean =>
  URL.canParse(text) && ARTIFACT_SCHEMES.some((scheme) => new URL(text).protocol === `${scheme}:`);

const artifactForm = z.lazy(() =>
  z
    .strictObject({
      /** For people. */
      name: field.title,
      /** Where it is: a path on a machine, or a URL. Exactly one of the two. */
      path: field.message.optional(),
      url: field.message.refine(isArtifactUrl, `must be a URL of ${ARTIFACT_SCHEMES.join(', ')}`).optional(),
      /** Of its content: 64 hex digits in lower case. */
      sha256: z.string().regex(/^[0-9a-f]{64}$/u, 'must be 64 hex digits in lower case'),
      /** Its size. */
      bytes: z.int().min(0),
    })
    .refine(({ path, url }) => (path === undefined) !== (url === undefined), {
      path: ['path'],
      message: 'must be given, or else url: exactly one of the two',
    }),
);

const artifactsForm = z.lazy(() => z.array(artifactForm).max(LIMITS.artifacts_max));

/** A thing that a task has made. */
export type Artifact = z.output<typeof artifactForm>;

/** The result of a task. */
export const resultForm = field.json(LIMITS.result_bytes_max, (value) => {
  const named = namedIn(value);
  return named === undefined ? [] : field.problemsIn(artifactsForm, named, ['artifacts']);
});

/** The artifacts that a stored result names; none if it names them in another form. */
export function artifactsOf(result: unknown): readonly Artifact[] {
  const { data } = artifactsForm.safeParse(namedIn(result));
  return data ?? [];
}

function namedIn(result: unknown): unknown {
  if (typeof result !== 'object' || result === null || !Object.hasOwn(result, 'artifacts')) return undefined;
  return (result as { readonly artifacts?: unknown }).artifacts;
}
