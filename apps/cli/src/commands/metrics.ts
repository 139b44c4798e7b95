import type { Call } from '../call.ts';
import type { Define } from '../command-module.ts';
import { usage } from '../failure.ts';
import { parseDuration } from '../input/parse.ts';
import type { Answer } from '../output/output.ts';
import { VERSION } from '../version.ts';
import { metricsLines } from '../views/metrics.ts';

interface MetricsOptions {
  readonly since?: number;
  readonly prometheus?: true;
}

const define: Define = (program, run) => {
  program
    .command('metrics')
    .description('show the figures, counters and times of a window, made from the log (all namespaces by default)')
    .option('--since <duration>', 'how far back to count (default: 60m)', parseDuration)
    .option('--prometheus', 'print the totals of the whole log in the text format of Prometheus')
    .action(run<MetricsOptions>(measure));
};

export default define;

async function measure(call: Call<MetricsOptions>): Promise<Answer> {
  const runtime = await import('@agent-orchestrator/runtime');
  const { familiesOf, figuresOf, locateStore, readMetrics, readRefusals, readTotals, thresholdValues } = runtime;
  const { namespace, prometheus = false, since } = call.options;
  if (prometheus && since !== undefined)
    throw usage('--prometheus counts the whole log, but --since only a part of it.', 'Omit one of them.', 'since');
  if (prometheus && call.output.format === 'json')
    throw usage('--prometheus prints the text format of Prometheus, --json a document.', 'Omit one of them.', 'json');
  const { location } = await locateStore(call.settings.store.value);
  await using orchestrator = await call.open('read-only');
  const question = {
    namespace,
    sinceMs: since ?? runtime.HEALTH_WINDOW_MS,
    refusals: (from: number) => readRefusals(location.url, from),
  };
  const metrics = prometheus
    ? await readTotals(orchestrator, question, new runtime.TotalsFile(location.url, namespace ?? null))
    : await readMetrics(orchestrator, question);
  metrics.tally.set('build_info', [VERSION, location.scheme], 1);
  const figures = figuresOf(metrics.tally, thresholdValues(call.settings.thresholds));
  const families = familiesOf(metrics.tally);
  const answer = {
    kind: 'metrics',
    data: { namespace: namespace ?? null, from: metrics.from, measuredAt: metrics.now, figures, metrics: families },
    asOf: metrics.asOf,
    ids: figures.map(({ name, value }) => `${name} ${value}`),
    text: (paint: Parameters<Answer['text']>[0]) => metricsLines(metrics, figures, paint),
  };
  return prometheus ? { ...answer, script: runtime.prometheusText(families).trimEnd().split('\n') } : answer;
}
