import { factsOf, type CounterName, type GaugeName, type HistogramName, type MetricName } from './catalogue.ts';

/** The distribution of a metric: how many values were in each bucket, the last of which has no upper bound. */
export interface Distribution {
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Values of metrics by their labels. */
export class Tally {
  readonly #numbers = new Map<MetricName, Map<string, number>>();
  readonly #distributions = new Map<MetricName, Map<string, { counts: number[]; sum: number }>>();

  add(name: CounterName | GaugeName, labels: readonly string[], by = 1): void {
    const values = entryOf(this.#numbers, name);
    const key = keyOf(labels);
    values.set(key, (values.get(key) ?? 0) + by);
  }

  set(name: GaugeName, labels: readonly string[], value: number): void {
    const values = entryOf(this.#numbers, name);
    const key = keyOf(labels);
    if (!Number.isNaN(values.get(key))) values.set(key, value);
  }

  /** The value for these labels is not known, and is not told, whatever part of it is set later. */
  leaveOut(name: GaugeName, labels: readonly string[]): void {
    entryOf(this.#numbers, name).set(keyOf(labels), Number.NaN);
  }

  /** Keeps only so many values: those that were set last. */
  setRecent(name: GaugeName, labels: readonly string[], value: number, max: number): void {
    const values = entryOf(this.#numbers, name);
    const key = keyOf(labels);
    values.delete(key);
    values.set(key, value);
    const [first] = values.keys();
    if (values.size > max && first !== undefined) values.delete(first);
  }

  observe(name: HistogramName, labels: readonly string[], value: number): void {
    const bounds = factsOf(name).buckets ?? [];
    const values = entryOf(this.#distributions, name);
    const key = keyOf(labels);
    let found = values.get(key);
    if (found === undefined) values.set(key, (found = { counts: [...bounds, 0].map(() => 0), sum: 0 }));
    const at = bounds.findIndex((bound) => value <= bound);
    const bucket = at === -1 ? bounds.length : at;
    found.counts[bucket] = (found.counts[bucket] ?? 0) + 1;
    found.sum += value;
  }

  /** The values of a counter or a gauge, in the order in which their labels came first. */
  numbers(name: CounterName | GaugeName): readonly (readonly [labels: readonly string[], value: number])[] {
    const known = [...(this.#numbers.get(name) ?? [])].filter(([, value]) => !Number.isNaN(value));
    return known.map(([key, value]) => [labelsOf(key), value]);
  }

  distributions(name: HistogramName): readonly (readonly [labels: readonly string[], value: Distribution])[] {
    return [...(this.#distributions.get(name) ?? [])].map(([key, value]) => [labelsOf(key), value]);
  }

  /** The sum of the values with such labels. */
  sum(name: CounterName | GaugeName, isMeant: (...labels: string[]) => boolean = () => true): number {
    return this.numbers(name).reduce((sum, [labels, value]) => (isMeant(...labels) ? sum + value : sum), 0);
  }

  /** As JSON, for `Tally.from`. */
  toJSON(): object {
    return {
      numbers: [...this.#numbers].map(([name, values]) => [name, [...values]]),
      distributions: [...this.#distributions].map(([name, values]) => [name, [...values]]),
    };
  }

  static from(json: unknown): Tally {
    const { numbers, distributions } = json as {
      numbers: [MetricName, [string, number][]][];
      distributions: [MetricName, [string, { counts: number[]; sum: number }][]][];
    };
    const tally = new Tally();
    for (const [name, values] of numbers) tally.#numbers.set(name, new Map(values));
    for (const [name, values] of distributions) tally.#distributions.set(name, new Map(values));
    return tally;
  }
}

function entryOf<Value>(all: Map<MetricName, Map<string, Value>>, name: MetricName): Map<string, Value> {
  let found = all.get(name);
  if (found === undefined) all.set(name, (found = new Map()));
  return found;
}

function keyOf(labels: readonly string[]): string {
  return JSON.stringify(labels);
}

function labelsOf(key: string): readonly string[] {
  return JSON.parse(key) as string[];
}
