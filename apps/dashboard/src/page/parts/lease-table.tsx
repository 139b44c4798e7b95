import type { LeaseRow } from '../../api/rows.ts';
import { meta } from '../state/answers.ts';
import type { Wire } from '../state/wire.ts';
import { t } from '../text/text.ts';
import { lasting } from '../text/time.ts';
import { AgentLink, EventLink, SessionLink, Status, TaskLink } from './links.tsx';
import { Ago } from './times.tsx';

interface LeaseTableProps {
  /** With `refused_id`, each is one late write, with its event and time. */
  readonly rows: readonly (Wire<LeaseRow> & { readonly refused_id?: number })[];
  readonly withTask?: boolean;
}

/** Leases as bars on one scale of time, with what is known of each. */
export function LeaseTable({ rows, withTask = true }: LeaseTableProps) {
  const now = meta.value === null ? Date.now() : Date.parse(meta.value.moment.at);
  const begins = rows.map(({ granted_at: at }) => Date.parse(at));
  const scale = { begin: Math.min(...begins, now), end: Math.max(...rows.map((row) => endOf(row, now)), ...begins) };
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('leases')}>
      <table>
        <thead>
          <tr>
            <th>{t('event')}</th>
            <th>{t('when')}</th>
            <th>{t('agent')}</th>
            {withTask && <th>{t('task')}</th>}
            {withTask && <th>{t('session')}</th>}
            <th>{t('status')}</th>
            <th class="wide">{t('leases')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((lease) => (
            <tr key={lease.refused_id ?? lease.event_id}>
              <td>
                <EventLink id={lease.refused_id ?? lease.event_id} />
              </td>
              <td>
                <Ago at={lease.refused_id === undefined ? lease.granted_at : lease.refused_at} />
              </td>
              <td>
                <AgentLink name={lease.agent} />
              </td>
              {withTask && <td>{lease.task !== null && <TaskLink task={lease.task} />}</td>}
              {withTask && (
                <td>
                  <SessionLink id={lease.session_id} number={lease.session_number} />
                </td>
              )}
              <td class="remarks">
                <Status name={lease.end ?? 'running'} />
                <LeaseRemarks lease={lease} />
              </td>
              <td class="wide">
                <LeaseBar lease={lease} scale={scale} now={now} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What a person must not miss of a lease. */
function LeaseRemarks({ lease }: { readonly lease: Wire<LeaseRow> }) {
  const ended = lease.ended_at === null ? null : Date.parse(lease.ended_at);
  return (
    <small class="dim">
      {lease.silent_at !== null && ended !== null && (
        <> · {t('silent_for', { time: lasting(ended - Date.parse(lease.silent_at)) })}</>
      )}
      {lease.interrupted && lease.next_agent !== null && <> · {t('taken_over_by', { agent: lease.next_agent })}</>}
      {lease.refused_at !== null && <span class="bad"> · ▼ {t('bar_refused')}</span>}
    </small>
  );
}

interface Scale {
  readonly begin: number;
  readonly end: number;
}

/** The other ways in which a holder ends its lease leave work to do. */
const COLOURS: Readonly<Record<string, string>> = { succeeded: 'ok', review_requested: 'ok', failed: 'bad' };
const HEIGHT = 14;
const WIDTH = 300;

function LeaseBar({
  lease,
  scale,
  now,
}: {
  readonly lease: Wire<LeaseRow>;
  readonly scale: Scale;
  readonly now: number;
}) {
  const x = (time: number) => (WIDTH * (time - scale.begin)) / Math.max(1, scale.end - scale.begin);
  const from = Date.parse(lease.granted_at);
  const until = endOf(lease, now);
  const silent = lease.silent_at === null ? null : Date.parse(lease.silent_at);
  const colour = lease.interrupted ? 'lost' : lease.end === null ? 'run' : (COLOURS[lease.end] ?? 'hand');
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={lasting(until - from)}>
      <rect class={`fill-${colour}`} x={x(from)} y={2} width={Math.max(2, x(until) - x(from))} height={HEIGHT - 4} />
      {silent !== null && (
        <rect class="fill-bad" x={x(silent)} y={2} width={Math.max(1, x(until) - x(silent))} height={HEIGHT - 4} />
      )}
    </svg>
  );
}

function endOf({ ended_at: at }: Wire<LeaseRow>, now: number): number {
  return at === null ? now : Date.parse(at);
}
