import { counted, type JournalCheck } from '@agent-orchestrator/runtime';
import type { Paint } from '../output/style.ts';
import { table } from '../output/table.ts';
import { timestamp } from '../output/time.ts';

type Check = Omit<JournalCheck, 'asOf'>;

/** The missing operations, for JSON. */
export function missingOperationLines({ missing }: Check) {
  return missing.map(({ attempt, namespace, commandId, missing: effects }) => ({
    ...attempt,
    namespace,
    commandId,
    effects: effects.map(({ what, type, sessionId = null, taskId = null, fence = null }) => ({
      what,
      type,
      sessionId,
      taskId,
      fence,
    })),
  }));
}

/** How many operations are missing, and a line for each effect that the log lacks. */
export function journalCheckLines(check: Check, paint: Paint): string[] {
  const { ok, files, namespace, operations, leftOut, summary } = check;
  const read = `journal check: ${counted(files, 'journal')}, ${counted(operations, 'acknowledged operation')}`;
  const compared =
    namespace === null ? read : `${read} in namespace ${namespace} (${leftOut} in other namespaces left out)`;
  if (operations === 0) return [`${compared}: nothing was compared`];
  if (ok) return [`${compared}, none is missing`];
  const rows = missingOperationLines(check).flatMap(({ command, agent, answeredAt, commandId, effects }) =>
    effects.map(({ taskId, fence }) => [
      paint('red', `✗ ${command}`),
      agent,
      answeredAt === null ? '-' : timestamp(answeredAt),
      commandId,
      fence === null ? '-' : String(fence),
      taskId ?? '-',
    ]),
  );
  return [compared, summary, ...table(['OPERATION', 'AGENT', 'ANSWERED', 'COMMAND', 'FENCE', 'TASK'], rows, paint)];
}
