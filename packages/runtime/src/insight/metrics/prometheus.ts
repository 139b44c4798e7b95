import { printable } from '../../text/printable.ts';
import type { Family, Labels, Sample } from './families.ts';

/** The content type of the text, for answers by HTTP. */
export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Metrics in the text format of Prometheus. */
export function prometheusText(families: readonly Family[]): string {
  const lines = families.flatMap(({ name, type, means, samples }) => [
    `# HELP ${name} ${means.replaceAll('\\', '\\\\').replaceAll('\n', String.raw`\n`)}`,
    `# TYPE ${name} ${type}`,
    ...samples.flatMap((sample) => sampleLines(name, sample)),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

function sampleLines(name: string, sample: Sample): string[] {
  const { labels } = sample;
  if ('value' in sample) return [`${name}${labelText(labels)} ${sample.value}`];
  const { buckets, sum, count } = sample;
  return [
    ...buckets.map((bucket) => `${name}_bucket${labelText({ ...labels, le: bucket.le })} ${bucket.count}`),
    `${name}_sum${labelText(labels)} ${sum}`,
    `${name}_count${labelText(labels)} ${count}`,
  ];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** What could harm a terminal is shown as its code. */
function escaped(value: string): string {
  return printable(value)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', String.raw`\"`);
}
