import { inheritedEnvironment } from '../processes/inherited-environment.ts';
import { leaseEnvironment } from '../processes/lease-environment.ts';
import type { LeaseFiles } from '../processes/lease-files.ts';
import type { RunOptions } from './run-options.ts';

type Told = Pick<RunOptions, 'claim' | 'namespace' | 'store' | 'files'>;

/** What the command is told of its lease and its task: variables, and files that only this user can read. */
export function commandEnvironment(
  { claim, namespace, store, files: contents }: Told,
  files: LeaseFiles,
): NodeJS.ProcessEnv {
  const variables = Object.entries(leaseEnvironment(claim, { namespace, store: store.address }));
  return {
    ...inheritedEnvironment(),
    ...Object.fromEntries(variables.map(([name, value]) => [name, value ?? undefined])),
    ...(store.secret !== null && files.handOver(store.secret)),
    ORCHESTRATOR_PAYLOAD_FILE: files.write('payload.json', contents.payload),
    ORCHESTRATOR_CONTEXT_FILE: files.write('context.json', contents.context),
    ORCHESTRATOR_ANSWER_FILE: files.write('answer.json', contents.answer),
  };
}
