import { canonicalize } from '../log/canonical.ts';
import { AgentReplay, type Mistake } from '../log/replay.ts';
import { UNLOGGED_AGENT_FIELDS, type Agent } from '../model/agent.ts';
import type { Reader } from '../storage/storage.ts';
import { pages } from '../storage/pages.ts';

/** A fault in the registry or in the stream of one of its agents. */
export interface AgentFault {
  readonly kind: Mistake['kind'] | 'state' | 'missing';
  readonly agent: string;
  readonly eventId: number | null;
  readonly message: string;
}

/** Small pages: a page is in memory as a whole. */
const PAGE = 100;

/**
 * Replays the stream of every agent of a namespace and compares its entry of the registry with it.
 *
 * @returns how many agents and events there are
 */
export async function verifyAgents(
  reader: Reader,
  namespace: string,
  report: (fault: AgentFault) => void,
): Promise<{ readonly agents: number; readonly events: number }> {
  let [agents, events] = [0, 0];
  for await (const agent of pages((after) => reader.agents({ namespace, limit: PAGE, ...after }))) {
    agents += 1;
    events += await verifyAgent(reader, agent, (kind, message, eventId) =>
      report({ kind, agent: agent.name, message, eventId }),
    );
  }
  return { agents, events };
}

type Report = (kind: AgentFault['kind'], message: string, eventId: number | null) => void;

async function verifyAgent(reader: Reader, agent: Agent, report: Report): Promise<number> {
  const { namespace, name: ofAgent } = agent;
  const replay = new AgentReplay();
  let events = 0;
  let broken = false;
  for await (const event of pages((after) => reader.events({ namespace, ofAgent, limit: PAGE, ...after }))) {
    events += 1;
    const mistake = broken ? null : replay.add(event);
    if (mistake === null) continue;
    report(mistake.kind, mistake.message, event.id);
    broken = true;
  }
  if (broken) return events;
  if (replay.agent === null) report('missing', 'the agent has no events.', null);
  else for (const message of differences(agent, replay.agent)) report('state', message, null);
  return events;
}

function differences(stored: Agent, logged: Agent): string[] {
  const columns = (Object.keys(logged) as (keyof Agent)[]).filter(
    (column) => !(UNLOGGED_AGENT_FIELDS as readonly string[]).includes(column) && stored[column] !== logged[column],
  );
  return columns.map((column) => {
    const [inTable, inLog] = [stored[column], logged[column]].map((value) => canonicalize(value));
    return `${column}: the table has ${inTable}, the log has ${inLog}.`;
  });
}
