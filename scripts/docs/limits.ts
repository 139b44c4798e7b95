import { DEFAULTS, LIMITS } from '@agent-orchestrator/core';

/** The limits and defaults, from core's limits.ts. */
export default {
  page: 'docs/limits.md',
  generate: () => `# Limits and defaults

Generated from \`packages/core/src/limits.ts\` by \`npm run docs\`. \`orchestrator help limits\` prints the same. The
unit is the last word of a name; what crosses a limit is refused and changes nothing.

Names (of agents, instances, roles, kinds, namespaces) start with a letter, a digit or \`_\` and hold only letters,
digits and \`. _ @ + -\`; ids (of sessions and tasks, dedupe keys) may also hold \`: / #\`. Command ids are UUIDv7.

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
