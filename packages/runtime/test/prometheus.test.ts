/*
 * Metrics as text for Prometheus:
 *  - numbers and histograms have the lines of the format, buckets are cumulative, labels are escaped
 *  - what could harm a terminal is shown as its code
 *  - promtool finds nothing to complain of, with every metric of the catalogue in the text
 *  - every name is in the catalogue once, and its labels are never ids
 *
 * The commands of a process:
 *  - how long they take by outcome, how long they wait, how many share a group
 */
import { Orchestrator } from '@agent-orchestrator/core';
import { openMemoryStorage } from '@agent-orchestrator/storage-memory';
import { expect, test } from 'vitest';
import { CommandMetrics, familiesOf, METRICS, prometheusText, Tally, type MetricName } from '../src/index.ts';
import { FakeTime } from './support/fake-time.ts';
import { complaintsOfPromtool, hasPromtool } from './support/promtool.ts';

test('numbers and histograms have the lines of the format', () => {
  const tally = new Tally();
  tally.add('late_writes_refused_total', ['a "b" \\ c\nd\u001b[2J']);
  tally.set('log_last_event', [], 7);
  for (const seconds of [0.5, 1, 1.5, 100_000]) tally.observe('lease_seconds', ['mail'], seconds);

  const lines = prometheusText(familiesOf(tally)).split('\n');

  expect(lines).toEqual([
    '# HELP orchestrator_log_last_event The number of the last settled event.',
    '# TYPE orchestrator_log_last_event gauge',
    'orchestrator_log_last_event 7',
    `# HELP orchestrator_late_writes_refused_total ${METRICS.late_writes_refused_total.means}`,
    '# TYPE orchestrator_late_writes_refused_total counter',
    String.raw`orchestrator_late_writes_refused_total{operation="a \"b\" \\ c\\nd\\u{1b}[2J"} 1`,
    '# HELP orchestrator_lease_seconds Time from grant to end of a lease.',
    '# TYPE orchestrator_lease_seconds histogram',
    ...[2, 3, 3, 3, 3, 3, 3, 3, 3].map((count, at) => {
      const le = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400][at];
      return `orchestrator_lease_seconds_bucket{kind="mail",le="${le}"} ${count}`;
    }),
    'orchestrator_lease_seconds_bucket{kind="mail",le="+Inf"} 4',
    'orchestrator_lease_seconds_sum{kind="mail"} 100003',
    'orchestrator_lease_seconds_count{kind="mail"} 4',
    '',
  ]);
});

test.skipIf(!hasPromtool)('promtool finds nothing to complain of, with every metric in the text', () => {
  const tally = new Tally();
  for (const [name, { type, labels }] of Object.entries(METRICS)) {
    const values = labels.map((label) => `some "${label}"`);
    if (type === 'histogram') tally.observe(name as 'lease_seconds', values, 0.3);
    else tally.add(name as 'tasks', values, 1.5);
  }
  const input = prometheusText(familiesOf(tally));

  expect(input.match(/^# TYPE /gm)?.length).toBe(Object.keys(METRICS).length);
  expect(complaintsOfPromtool(input)).toBe('');
  expect(complaintsOfPromtool(input.replace(/^# HELP .*\n/, '')), 'it does look').toContain('no help text');
});

test('labels are never ids', () => {
  for (const name of Object.keys(METRICS) as MetricName[])
    for (const label of METRICS[name].labels)
      expect(['namespace', 'status', 'type', 'kind', 'reason', 'operation', 'agent', 'command', 'outcome']).toContain(
        label.replace(/^(version|storage)$/, 'type'),
      );
});

test('the commands of a process: how long by outcome, how long they wait, how many share a group', async () => {
  const time = new FakeTime();
  const commands = new CommandMetrics(() => time.read().steady);
  const storage = openMemoryStorage({ clock: time });
  const { newCommandId, newSeed } = time;
  const orchestrator = new Orchestrator({
    storage: {
      ...storage,
      async transact(scope, decide) {
        time.stop(20);
        const answer = await storage.transact(scope, decide);
        time.stop(70);
        return answer;
      },
    },
    newCommandId,
    newSeed,
    telemetry: commands,
  });

  await orchestrator.enqueueTask({ dedupeKey: 'a' });
  await orchestrator.enqueueTask({ dedupeKey: 'a' });
  await orchestrator.claimTask({ agent: 'x' });
  await orchestrator.claimTask({ agent: 'x' });

  const lines = prometheusText(commands.families()).split('\n');
  expect(lines.filter((line) => /_(sum|count)/.test(line))).toEqual([
    'orchestrator_command_duration_seconds_sum{command="enqueue",outcome="ok"} 0.09',
    'orchestrator_command_duration_seconds_count{command="enqueue",outcome="ok"} 1',
    'orchestrator_command_duration_seconds_sum{command="enqueue",outcome="duplicate"} 0.09',
    'orchestrator_command_duration_seconds_count{command="enqueue",outcome="duplicate"} 1',
    'orchestrator_command_duration_seconds_sum{command="claim",outcome="ok"} 0.09',
    'orchestrator_command_duration_seconds_count{command="claim",outcome="ok"} 1',
    'orchestrator_command_duration_seconds_sum{command="claim",outcome="no_task"} 0.09',
    'orchestrator_command_duration_seconds_count{command="claim",outcome="no_task"} 1',
    'orchestrator_command_wait_seconds_sum{command="enqueue"} 0.04',
    'orchestrator_command_wait_seconds_count{command="enqueue"} 2',
    'orchestrator_command_wait_seconds_sum{command="claim"} 0.04',
    'orchestrator_command_wait_seconds_count{command="claim"} 2',
    'orchestrator_command_group_size_sum 4',
    'orchestrator_command_group_size_count 4',
  ]);
});
