import { artifactPlace, artifactsOf, counted } from '@agent-orchestrator/runtime';
import { printable, shorten } from '../output/printable.ts';
import { jsonText } from './json-text.ts';

const NAME_COLUMNS = 60;
const PLACE_COLUMNS = 200;
/** So many are shown of one result; `--json` has all. */
const SHOWN = 10;

/** The result of a task: what else it says, and a line for each artifact that it names. */
export function resultFields(result: unknown, label = 'result'): [label: string, value: string | null][] {
  const artifacts = artifactsOf(result);
  if (artifacts.length === 0) return [[label, jsonText(result)]];
  const { artifacts: _named, ...rest } = result as { readonly artifacts: unknown };
  const more = artifacts.length - SHOWN;
  return [
    [label, Object.keys(rest).length === 0 ? null : jsonText(rest)],
    ...artifacts.slice(0, SHOWN).map((one): [string, string] => {
      const place = text(artifactPlace(one), PLACE_COLUMNS);
      const content = `${counted(one.bytes, 'byte')}, sha256 ${one.sha256}`;
      return ['artifact', `${text(one.name, NAME_COLUMNS)}  ${place}  ${content}`];
    }),
    ['artifact', more > 0 ? `… ${more} more: --json` : null],
  ];
}

function text(value: string, columns: number): string {
  return shorten(printable(value), columns);
}
