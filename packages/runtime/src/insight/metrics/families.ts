import {
  factsOf,
  METRICS,
  type CounterName,
  type GaugeName,
  type HistogramName,
  type MetricName,
  type MetricType,
} from './catalogue.ts';
import type { Distribution, Tally } from './tally.ts';

/** One metric with all its values. */
export interface Family {
  /** With `orchestrator_`. */
  readonly name: string;
  readonly type: MetricType;
  readonly means: string;
  readonly samples: readonly Sample[];
}

/** One value, or of a histogram its buckets. */
export type Sample = { readonly labels: Labels } & ({ readonly value: number } | HistogramValue);

export type Labels = Readonly<Record<string, string>>;

export interface HistogramValue {
  readonly count: number;
  readonly sum: number;
  /** How many values were not greater than each bound; that of the last bucket is `+Inf`. */
  readonly buckets: readonly { readonly le: string; readonly count: number }[];
}

/** The metrics of which there are values, in the order of the catalogue. */
export function familiesOf(tally: Tally): readonly Family[] {
  return (Object.keys(METRICS) as MetricName[]).flatMap((name) => {
    const { type, means } = factsOf(name);
    const samples =
      type === 'histogram' ? histogramsOf(tally, name as HistogramName) : numbersOf(tally, name as NumberName);
    return samples.length === 0 ? [] : { name: `orchestrator_${name}`, type, means, samples };
  });
}

type NumberName = CounterName | GaugeName;

function numbersOf(tally: Tally, name: NumberName): Sample[] {
  return tally.numbers(name).map(([labels, value]) => ({ labels: labelled(name, labels), value }));
}

function histogramsOf(tally: Tally, name: HistogramName): Sample[] {
  const bounds = factsOf(name).buckets ?? [];
  return tally.distributions(name).map(([labels, distribution]) => ({
    labels: labelled(name, labels),
    ...cumulated(bounds, distribution),
  }));
}

function cumulated(bounds: readonly number[], { counts, sum }: Distribution): HistogramValue {
  let count = 0;
  const buckets = [...bounds.map(String), '+Inf'].map((le, at) => ({ le, count: (count += counts[at] ?? 0) }));
  return { count, sum, buckets };
}

function labelled(name: MetricName, values: readonly string[]): Labels {
  return Object.fromEntries(factsOf(name).labels.map((label, at) => [label, values[at] ?? '']));
}
