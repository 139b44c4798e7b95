import { DEFAULTS, LIMITS } from '@agent-orchestrator/core';

/** The limits and defaults, from core's model/limits.ts. */
export default {
  page: 'docs/limits.md',
  generate: () => `# Limits and defaults

Generated from \`packages/core/src/model/limits.ts\` by \`npm run docs\`. \`orchestrator help limits\` prints the same.
The unit is the last word of a name; what crosses a limit is refused and changes nothing.

Names (of agents, instances, roles, kinds, namespaces) start with a letter, mark or digit of any script, or \`_\`, and
hold only these and \`. @ + -\` after it. Ids (of sessions and tasks, dedupe keys) take everything but control
characters and line breaks, and neither begin nor end with a space; \`t42\` and \`s17\` are numbers of tasks and
sessions, and no ids for new ones. Neither takes a character that cannot be seen. Both are kept in NFC, and their order
is that of their code points. Command ids are UUIDv7.

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
