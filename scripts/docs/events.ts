import { EVENT_DOCS, LEASE_END_EVENTS, type EventType } from '@agent-orchestrator/core';

/** The reference of the event log, from core's log/events.ts. */
export default {
  page: 'docs/events.md',
  generate: () => `# The event log

Generated from \`packages/core/src/log/events.ts\` by \`npm run docs\`.

Every event belongs to a stream, and has these columns: \`id\` (grows over the whole database; a cursor),
\`stream_kind\` (\`session\`), \`namespace\`, \`stream_id\`, \`seq\` (1, 2, 3 … within the stream), \`type\`,
\`lease_effect\` (\`granted\`: a lease begins; \`ended\`: it ends; \`refused\`: the first refusal of its token after
another process ended it), \`session_id\`, \`task_id\`, \`agent\`, \`instance\`, \`fence\` (the public number of the
lease), \`command_id\`, \`payload\` (canonical JSON, the fields below), \`at\` (milliseconds since 1970, UTC),
\`prev_hash\`, \`hash\` (SHA-256 over the canonical JSON of all columns but \`id\` and \`hash\`). No event holds the
token of a lease.

A lease is ended by its holder with ${listed(LEASE_END_EVENTS.holder)}; by another process with
${listed(LEASE_END_EVENTS.other)}.

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
