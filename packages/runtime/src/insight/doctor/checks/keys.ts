import { counted } from '@agent-orchestrator/core';
import type { StoreFacts } from '../facts.ts';
import { draft, type Draft } from '../finding.ts';

/** Reports the files of registered keys that are on this machine and could not be used to sign. */
export function checkKeys({ machine: { keys } }: StoreFacts): Draft[] {
  if (keys.length === 0) return [];
  const broken = keys.flatMap(({ agent, problem }) => (problem === null ? [] : [{ agent, problem }]));
  if (broken.length === 0)
    return [draft('keys', 'ok', `${counted(keys.length, 'registered key')} of this machine can be used to sign.`)];
  return broken.map(({ agent, problem }) =>
    draft('keys', 'warning', `Agent ${agent} cannot sign its verdicts here. ${problem}`, {
      hint:
        'Put the copy of the file in its place, with mode 0600. If another user may have read the file, ' +
        '`orchestrator agent key create AGENT` makes another key.',
    }),
  );
}
