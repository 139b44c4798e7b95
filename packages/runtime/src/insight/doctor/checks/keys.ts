import { dirname } from 'node:path';
import { counted, shellArgument, shellWord } from '@agent-orchestrator/core';
import type { StoreFacts } from '../facts.ts';
import { draft, type Draft } from '../finding.ts';

/** Reports the files of registered keys that are on this machine and could not be used to sign. */
export function checkKeys({ machine: { keys } }: StoreFacts): Draft[] {
  if (keys.length === 0) return [];
  const broken = keys.filter(({ problem }) => problem !== null);
  if (broken.length === 0)
    return [draft('keys', 'ok', `${counted(keys.length, 'registered key')} of this machine can be used to sign.`)];
  return broken.map(({ agent, path, problem }) =>
    draft('keys', 'warning', `Agent ${agent} cannot sign its verdicts here. ${problem}`, {
      hint:
        `\`chmod 700 ${shellWord(dirname(path))}\` and \`chmod 600 ${shellWord(path)}\` let your user alone read it. ` +
        'If it is no key, put its copy in its place. If another user may have read it, ' +
        `\`orchestrator agent key create ${shellArgument(agent)}\` makes another key.`,
    }),
  );
}
