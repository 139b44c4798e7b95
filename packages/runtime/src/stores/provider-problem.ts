/** As in a URL: `my-store+tls`. A single letter would be the drive of a path. */
const SCHEME = /^[a-z][a-z0-9+.-]+$/;
const OPTIONAL_METHODS = ['openRows', 'urlOfFile'] as const;
const PLACE_METHODS = ['check', 'fix', 'roles', 'beginBackup'] as const;

/**
 * Why a value from another package is not a `StorageProvider`; null: it is one. The check names the problem before a
 * command needs the provider.
 */
export function providerProblem(value: unknown): string | null {
  if (!isObject(value)) return 'it is not an object';
  const { schemes, place } = value;
  if (
    !Array.isArray(schemes) ||
    schemes.length === 0 ||
    !schemes.every((one) => typeof one === 'string' && SCHEME.test(one))
  )
    return 'its schemes must be a list of URL schemes in lower case, without colons';
  for (const name of ['name', 'example'])
    if (typeof value[name] !== 'string' || value[name] === '') return `its ${name} must be a text`;
  return (
    methodProblem(value, ['parseUrl', 'open'], OPTIONAL_METHODS) ?? (place === undefined ? null : placeProblem(place))
  );
}

function placeProblem(place: unknown): string | null {
  return isObject(place) ? methodProblem(place, ['inspect'], PLACE_METHODS) : 'its place must be an object';
}

function methodProblem(
  value: Readonly<Record<string, unknown>>,
  required: readonly string[],
  optional: readonly string[],
): string | null {
  const isMissing = (name: string) => typeof value[name] !== 'function';
  const wrong = required.find(isMissing) ?? optional.find((name) => value[name] !== undefined && isMissing(name));
  return wrong === undefined ? null : `its ${wrong} must be a function`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
