/** What kind of number a metric is, in the words of Prometheus. */
export type MetricType = 'counter' | 'gauge' | 'histogram';

interface MetricFacts {
  readonly type: MetricType;
  /** The names of its labels, in order. Never ids: their number has no bound. */
  readonly labels: readonly string[];
  /** One sentence for people. */
  readonly means: string;
  /** Of a histogram: the upper bounds of its buckets, in the unit of the metric. */
  readonly buckets?: readonly number[];
}

/** From a second to a day. */
const SECONDS = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400];

/**
 * All metrics, in the order in which they are shown; in Prometheus each name begins with `orchestrator_`. Metrics that
 * are made from the log have the same values in each process, and continue after a restart.
 */
export const METRICS = {
  build_info: { type: 'gauge', labels: ['version', 'storage'], means: 'The version, and the kind of store; always 1.' },
  tasks: { type: 'gauge', labels: ['namespace', 'status'], means: 'Tasks by status.' },
  sessions: { type: 'gauge', labels: ['namespace', 'status'], means: 'Sessions by status.' },
  oldest_queued_seconds: {
    type: 'gauge',
    labels: ['namespace'],
    means: 'Time that the oldest claimable task has waited; 0 if there is none. Left out if not all were looked at.',
  },
  leases_expired: { type: 'gauge', labels: ['namespace'], means: 'Held leases that have expired.' },
  leases_stale: {
    type: 'gauge',
    labels: ['namespace'],
    means: 'Held leases whose holders are silent for so long that recovery may end them.',
  },
  log_last_event: { type: 'gauge', labels: [], means: 'The number of the last settled event.' },
  log_verified_event: {
    type: 'gauge',
    labels: ['namespace'],
    means: 'A dashboard has checked the events of its namespace up to this number: their chains, and their order.',
  },
  log_verify_findings: { type: 'gauge', labels: ['namespace'], means: 'Events that this check found wrong.' },
  follower_lag_seconds: {
    type: 'gauge',
    labels: ['namespace'],
    means: 'Time for which a dashboard has lacked settled events.',
  },
  events_total: { type: 'counter', labels: ['type'], means: 'Events by type.' },
  leases_granted_total: { type: 'counter', labels: ['kind'], means: 'Leases that were granted.' },
  leases_ended_total: {
    type: 'counter',
    labels: ['kind', 'reason'],
    means: 'Leases that ended: by their holder with an outcome, or by another process for a reason.',
  },
  dead_letters_total: {
    type: 'counter',
    labels: ['kind', 'reason'],
    means: 'Tasks that became dead letters: no attempt was left, or they were interrupted too often.',
  },
  late_writes_refused_total: {
    type: 'counter',
    labels: ['operation'],
    means: 'First refused call of each holder whose lease another process had ended.',
  },
  task_wait_seconds: {
    type: 'histogram',
    labels: ['kind'],
    buckets: SECONDS,
    means: 'Time from when a task could be claimed until it was claimed.',
  },
  lease_seconds: { type: 'histogram', labels: ['kind'], buckets: SECONDS, means: 'Time from grant to end of a lease.' },
  lease_silence_seconds: {
    type: 'histogram',
    labels: ['kind'],
    buckets: SECONDS,
    means: 'Time from the last sign of life of a holder until another process ended its lease.',
  },
  agent_last_seen_timestamp_seconds: {
    type: 'gauge',
    labels: ['agent'],
    means: 'Time of the last event of an agent.',
  },
  duplicate_suppressed: {
    type: 'gauge',
    labels: ['namespace'],
    means: 'Tasks that were not added, because their dedupe key was in use; recent ones, counted on this machine.',
  },
  lease_conflicts: {
    type: 'gauge',
    labels: ['namespace'],
    means: 'Calls that were refused, because another process has the lease; recent ones, counted on this machine.',
  },
  command_duration_seconds: {
    type: 'histogram',
    labels: ['command', 'outcome'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30],
    means: 'Time from call to answer of the commands of this process.',
  },
  command_wait_seconds: {
    type: 'histogram',
    labels: ['command'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30],
    means: 'The part of it in which the command waited for its group, or for a busy store.',
  },
  command_group_size: {
    type: 'histogram',
    labels: [],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    means: 'Commands of this process that were decided together.',
  },
} as const satisfies Record<string, MetricFacts>;

/** The name of a metric, without `orchestrator_`. */
export type MetricName = keyof typeof METRICS;

export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;

type NamesOf<Type extends MetricType> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never;
}[MetricName];

/** How many values a label may have. Further ones are counted under `OTHER`; of agents, the last ones seen are kept. */
export const LABEL_VALUES_MAX = { namespace: 50, kind: 50, agent: 100 } as const;

/** The value of a label for all that have no value of their own. */
export const OTHER = '_other';

export function factsOf(name: MetricName): MetricFacts {
  return METRICS[name];
}
