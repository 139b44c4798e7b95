import { FIGURES_MEAN, LABEL_VALUES_MAX, METRICS, THRESHOLDS, type ThresholdName } from '@agent-orchestrator/runtime';

const WHERE_FROM = `# Metrics and health

Generated from the tables in \`packages/runtime/src/insight/metrics/\` and \`settings/\` by \`npm run docs\`.

| to see | command |
|---|---|
| figures, counts and times of the last hour | \`orchestrator metrics\` |
| those of another window | \`orchestrator metrics --since 8h\` |
| the same as JSON, with the names of Prometheus | \`orchestrator metrics --json\` |
| the totals of the whole log, for Prometheus | \`orchestrator metrics --prometheus\` |
| whether agents can work, and whether too much goes wrong | \`orchestrator health\`, \`orchestrator health --json\` |

All of them only read. They look at all namespaces, or at the one that \`--namespace\` or the configuration names.

## Where the numbers come from

- **The event log.** Counters and times are made from events. So every process and every machine shows the same
  numbers, and a restart does not set them back. New types of events and statuses appear by themselves.
- **The tables**, for gauges: how many tasks and sessions there are now, which leases have expired.
- **Files of this machine**, for what leaves no event: see [what is refused](#what-is-refused-without-an-event).

A window counts at most the last 250,000 events; \`from\` in the answer says where it begins. What began before the
window is looked up: the wait of a task that was queued yesterday has its whole length.

\`--prometheus\` keeps what it has counted in \`orchestrator/totals\` in the state folder, so that each call reads only
new events. The file is not used unless the log still has the last event that was counted, with the same hash. Without
it, the log is read from its begin. To let a Prometheus scrape the numbers, write them into the folder from which a
node_exporter takes text files, for example each minute by cron:

\`\`\`
* * * * * orchestrator metrics --prometheus > /srv/metrics/new && mv /srv/metrics/new /srv/metrics/orchestrator.prom
\`\`\`
`;

const metrics = () => `## Metrics

In Prometheus each name begins with \`orchestrator_\`. Labels never have ids. At most ${LABEL_VALUES_MAX.kind} kinds and
${LABEL_VALUES_MAX.namespace} namespaces have a label of their own; the rest is counted as \`_other\`. Of agents, the
last ${LABEL_VALUES_MAX.agent} seen are shown. Times have the buckets ${METRICS.lease_seconds.buckets.join(', ')}
(seconds).

| name | type | labels | means |
|---|---|---|---|
${Object.entries(METRICS)
  .map(([name, { type, labels, means }]) => `| \`${name}\` | ${type} | ${codes(labels)} | ${means} |`)
  .join('\n')}

- \`leases_ended_total\` and \`dead_letters_total\` tell a \`reason\`. A lease that its holder ended has the outcome as
  its reason (\`succeeded\`, \`failed\`, \`released\` …); one that another process ended has \`stale\`, \`dead\`,
  \`expired\`, \`resumed\` or \`restored\`.
- \`task_wait_seconds\` begins when the task became claimable: it was added, its time came, or its last lease ended.
- \`oldest_queued_seconds\` looks at 10,000 sessions with a task to claim, and at 32 due tasks that no command has seen
  yet. Where another task may have waited for longer, it has no value for that namespace, rather than a wrong one.
- The metrics of commands are those of one process. They are not in the log, and the command line does not show them:
  a program gives \`CommandMetrics\` as \`telemetry\` to \`openOrchestrator\`, and prints its families.
`;

const figures = () => `## Figures and thresholds

The figures have the names and the thresholds of the proof of concept. A figure that is greater than its threshold
makes the health \`degraded\`.

| figure | counts, in the window | at most | variable |
|---|---|---|---|
${Object.entries(THRESHOLDS)
  .map(([name, { value, variables }]) => {
    const means = FIGURES_MEAN[name as ThresholdName];
    return `| \`${name}\` | ${means} | ${value} | ${codes(variables)} |`;
  })
  .join('\n')}

A variable comes before the configuration file, that before the default. \`orchestrator config list\` shows which one
it was. In the file:

\`\`\`json
{ "thresholds": { "retry_attempts": 50, "dead_letters_open": 0 } }
\`\`\`
`;

const HEALTH = `## Health

| status | exit code | means |
|---|---|---|
| \`healthy\` | 0 | agents can work, and no figure of the last hour is greater than its threshold |
| \`degraded\` | 1 | agents can work, but a figure is too great |
| \`unhealthy\` | 69 | agents cannot work: the store cannot be read within a second, is a backup, or was moved |

With \`--json\` the answer is one document of the kind \`health\` in each case. An invalid configuration is a mistake
of the caller: 78, or 64 for a malformed URL. \`orchestrator doctor\` looks at more, and takes longer.

## What is refused without an event

A duplicate task, a claim of a session that another agent holds, and a call with an old token change nothing, take no
lock and leave no event (but for the first call of each former holder). Each process counts them in memory, and appends
the counts to a file of this hour in \`orchestrator/refusals\` in the state folder: ten seconds after the first, and
when it closes the store. Why: [counters come from the log](decisions/counters-come-from-the-log.md).

- The counts are those of one user on one machine. They are kept for two days.
- A claim that waits for a session counts once in its process for each holder, however often it asks.
- A process that is killed loses what it has not yet written: at most ten seconds.
- Where the folder cannot be written, nothing is counted, and no command fails.
`;

/** Metrics, figures and thresholds, from the tables of the runtime. */
export default {
  page: 'docs/metrics.md',
  generate: () => [WHERE_FROM, metrics(), figures(), HEALTH].join('\n'),
};

function codes(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}
