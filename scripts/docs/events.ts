import { EVENT_DOCS, LEASE_ENDINGS, type EventType } from '@agent-orchestrator/core';

/** The reference of the event log, from core's events.ts. */
export default {
  page: 'docs/events.md',
  generate: () => `# The event log

Generated from \`packages/core/src/events.ts\` by \`npm run docs\`.

Every event has these columns: \`id\` (grows over the whole database; a cursor), \`namespace\`, \`session_id\`, \`seq\`
(1, 2, 3 … within the session), \`type\`, \`lease_effect\` (1: grants a lease, 2: closes it, 3: the first refusal of a
token whose lease somebody else ended), \`task_id\`, \`agent\`, \`instance\`, \`token\`, \`command_id\`, \`payload\`
(canonical JSON, the fields below), \`at\` (milliseconds since 1970, UTC), \`prev_hash\`, \`hash\` (SHA-256 over the
canonical JSON of all columns but \`id\` and \`hash\`).

A lease is closed by its holder with ${listed(LEASE_ENDINGS.holder)},
by somebody else with ${listed(LEASE_ENDINGS.other)}.

| type | means | payload |
|---|---|---|
${(Object.keys(EVENT_DOCS) as EventType[]).map(row).join('\n')}
`,
};

function row(type: EventType): string {
  const { means, fields } = EVENT_DOCS[type];
  const payload = Object.entries(fields).map(([name, says]) => `\`${name}\`: ${says}`);
  return `| \`${type}\` | ${means} | ${payload.join('<br>')} |`;
}

function listed(types: readonly string[]): string {
  return types.map((type) => `\`${type}\``).join(', ');
}
