import {
  AGENT_TRANSITIONS,
  SESSION_STATUSES,
  SESSION_TRANSITIONS,
  TASK_STATUSES,
  TASK_TRANSITIONS,
} from '@agent-orchestrator/core';

type Transitions = typeof TASK_TRANSITIONS | typeof SESSION_TRANSITIONS | typeof AGENT_TRANSITIONS;

/** The state diagrams and the table behind them, from core's log/lifecycle.ts. */
export default {
  page: 'docs/lifecycle.md',
  generate: () => `# The life of a task, a session and an agent

Generated from core's \`log/lifecycle.ts\` and \`model/statuses.ts\` by \`npm run docs\`. What is not here does not
happen: \`evolve\` refuses it, and the conformance suite tries every other pair of status and command.

## Task

${meanings(TASK_STATUSES)}

${diagram(TASK_TRANSITIONS)}

${table(TASK_TRANSITIONS)}

## Session

A session is \`running\` exactly while an agent holds its lease. \`stale\` is derived from the deadlines, never stored.

\`task.recovered\` and \`lease.taken_over\` end a lease when its holder was silent for the time of the lease. On Linux
they end it at once where it is proved that the holder and all that it started are gone. What proves that, and where:
[platforms.md](platforms.md#dead-holders).

${meanings(SESSION_STATUSES)}

${diagram(SESSION_TRANSITIONS)}

${table(SESSION_TRANSITIONS)}

## Agent

A registered agent. One that is draining or retired claims nothing; what it holds, it may finish. How to use it:
[agents.md](agents.md). The entry \`*\` of all names that are not registered is \`active\` if they may claim, and
\`retired\` if only registered agents may.

${diagram(AGENT_TRANSITIONS)}

${table(AGENT_TRANSITIONS)}
`,
};

function meanings(statuses: typeof TASK_STATUSES | typeof SESSION_STATUSES): string {
  const rows = Object.entries(statuses).map(([status, { glyph, means }]) => `| ${glyph} ${status} | ${means} |`);
  return ['| status | means |', '|---|---|', ...rows].join('\n');
}

function diagram(transitions: Transitions): string {
  const arrows = new Map<string, Set<string>>();
  for (const { from, to, event } of transitions) {
    const arrow = `${from ?? '[*]'} --> ${to}`;
    arrows.set(arrow, (arrows.get(arrow) ?? new Set()).add(event ?? 'its time comes'));
  }
  const lines = [...arrows].map(([arrow, labels]) => `  ${arrow}: ${[...labels].join(', ')}`);
  return ['```mermaid', 'stateDiagram-v2', ...lines, '```'].join('\n');
}

function table(transitions: Transitions): string {
  const rows = transitions.map(({ from, to, event, command, lease }) => [
    from ?? '',
    to,
    event ?? '(time)',
    command ?? '',
    lease ? 'holder' : command === 'release' && from === 'in_review' ? 'holder of a review' : 'any process',
  ]);
  return [
    '| from | to | event | command | who |',
    '|---|---|---|---|---|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}
