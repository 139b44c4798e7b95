import { DEFAULTS, LIMITS } from '@agent-orchestrator/core';

/** The limits and defaults, from core's model/limits.ts. */
export default {
  page: 'docs/limits.md',
  generate: () => `# Limits and defaults

Generated from \`packages/core/src/model/limits.ts\` by \`npm run docs\`. \`orchestrator help limits\` prints the same.
The unit is the last word of a name. A call that exceeds a limit is refused and changes nothing.

Names (of agents, instances, roles, kinds, namespaces) start with a letter, combining character or digit of any
script, or \`_\`, followed only by these and \`. @ + -\`. Ids (of sessions and tasks, dedupe keys) take all characters
but control characters and line breaks, and neither begin nor end with a space. \`t42\` and \`s17\` are numbers of tasks
and sessions; a new task or session cannot have such an id. Names and ids take no invisible characters. Both are stored
in NFC, and ordered by code point. Command ids are UUIDv7.

| limit | value |
|---|---|
${rows(LIMITS)}

| default | value |
|---|---|
${rows(DEFAULTS)}
`,
};

function rows(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(
      ([name, value]) =>
        `| \`${name}\` | ${typeof value === 'number' ? value.toLocaleString('en-US') : `\`${value}\``} |`,
    )
    .join('\n');
}
