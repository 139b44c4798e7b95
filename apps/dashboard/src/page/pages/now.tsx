import type { Need, NeedRow, NowAnswer, WorkingRow } from '../../api/now-answer.ts';
import { Answer } from '../parts/answer.tsx';
import { Commands } from '../parts/command.tsx';
import { AgentLink, EventLink, SessionLink, Status, TaskLink } from '../parts/links.tsx';
import { Ago } from '../parts/times.tsx';
import { signal } from '@preact/signals';
import { meta } from '../state/answers.ts';
import { keep, kept } from '../state/preferences.ts';
import { at, linkTo } from '../state/route.ts';
import type { Wire } from '../state/wire.ts';
import { count, t, type TextName } from '../text/text.ts';

/** The event up to which this browser has seen everything. */
const seen = signal(kept('seen'));

/** What needs a person, then who works on what, then how much there is. */
export function Now() {
  const params = new URLSearchParams(seen.value === null ? {} : { seen: seen.value });
  return (
    <Answer<NowAnswer> name="now" params={params} needsLog={false}>
      {(now) => (
        <>
          <h2>{t('needs_you')}</h2>
          {now.needs.length === 0 ? (
            <NothingNeedsYou now={now} />
          ) : (
            now.needs.map((need) => <NeedCard key={need.group} need={need} />)
          )}
          <SinceLook since={now.since_seen} />
          <WorkingCard rows={now.working} total={now.working_count} />
          <CountsCard now={now} />
        </>
      )}
    </Answer>
  );
}

function NothingNeedsYou({ now: { last_event: last } }: { readonly now: Wire<NowAnswer> }) {
  return (
    <section class="ok">
      <b>✓ {t('nobody_needs_you')}</b>{' '}
      {last !== null && (
        <span class="dim">
          {t('last_event', { type: last.type ?? '' })} <EventLink id={last.id} /> <Ago at={last.at} />
        </span>
      )}
    </section>
  );
}

/** Where all of a group are. Some lists have others, too. */
const LISTS: Readonly<Record<string, () => string>> = {
  question: () => linkTo('tasks', { status: 'waiting' }),
  review: () => linkTo('tasks', { status: 'in_review' }),
  hand_off: () => linkTo('tasks', { handed_off: 'true' }),
  dead_letter: () => linkTo('tasks', { status: 'failed' }),
  blocked: () => linkTo('tasks', { status: 'blocked' }),
  silent: () => linkTo('tasks', { status: 'running' }),
  cancellation: () => linkTo('tasks', { status: 'running' }),
  refused: () => linkTo('events', { type: 'lease.refused' }),
};

const WITH_OTHERS: ReadonlySet<string> = new Set(['question', 'blocked', 'silent', 'cancellation', 'refused']);

function NeedCard({ need: { group, count: total, rows } }: { readonly need: Wire<Need> }) {
  return (
    <section class={`need need-${group}`} data-need={group}>
      <h3>
        {t(`need_${group}` as TextName)}{' '}
        <a href={LISTS[group]?.() ?? '#/tasks'}>
          {t(WITH_OTHERS.has(group) ? 'among_others' : 'all_of_them', { n: total })}
        </a>
      </h3>
      <ul class="rows">
        {rows.map((row) => (
          <NeedItem key={`${row.task_id} ${row.session_id} ${row.event_id}`} row={row} />
        ))}
      </ul>
    </section>
  );
}

function NeedItem({ row }: { readonly row: Wire<NeedRow> }) {
  return (
    <li>
      <div class="line">
        <TaskLink task={{ id: row.task_id, number: row.number, title: row.title }} />
        {row.task_id === null && <SessionLink id={row.session_id} />}
        <AgentLink name={row.agent} />
        <Ago at={row.at} />
        <EventLink id={row.event_id} />
      </div>
      {row.text !== null && row.text !== '' && (
        <p class="said">
          <bdi>{row.text}</bdi>
        </p>
      )}
      <Commands commands={row.commands} />
    </li>
  );
}

function look(): void {
  seen.value = String(meta.value?.as_of ?? 0);
  keep('seen', seen.value);
}

function SinceLook({ since }: { readonly since: Wire<NowAnswer>['since_seen'] }) {
  if (at.value !== null) return null;
  return (
    <section class="line">
      <h3>{t('since_look')}</h3>
      {since !== null && <span>{t('since_counts', since)}</span>}
      <button type="button" onClick={look}>
        {t('looked')}
      </button>
    </section>
  );
}

function WorkingCard({ rows, total }: { readonly rows: readonly Wire<WorkingRow>[]; readonly total: number }) {
  return (
    <section>
      <h2>{t('working')}</h2>
      {at.value !== null && <p class="dim">{t('past_heartbeats')}</p>}
      {rows.length === 0 ? (
        <p class="dim">{t('nobody_works')}</p>
      ) : (
        <div class="scroll" tabIndex={0} role="region" aria-label={t('working')}>
          <table id="working">
            <thead>
              <tr>
                <th>{t('agent')}</th>
                <th>{t('task')}</th>
                <th>{t('session')}</th>
                <th>{t('started')}</th>
                <th>{t('heartbeat')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.session_id}>
                  <td>
                    <span class={row.stale ? 'bad' : 'run'}>{row.stale ? `◌ ${t('silent')}: ` : '▶ '}</span>
                    <AgentLink name={row.agent} />
                  </td>
                  <td>
                    <TaskLink task={{ id: row.task_id, number: row.number, title: row.title }} />
                    {row.next_action !== null && (
                      <div class="dim said">
                        <bdi>{t('next_step', { text: row.next_action })}</bdi>
                      </div>
                    )}
                  </td>
                  <td>
                    <SessionLink id={row.session_id} number={row.session_number} />
                  </td>
                  <td>
                    <Ago at={row.started_at} />
                  </td>
                  <td>
                    <Ago at={row.heartbeat_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {total > rows.length && <p class="dim">{t('more_working', { n: total - rows.length })}</p>}
    </section>
  );
}

function CountsCard({ now: { tasks, oldest_claimable: oldest } }: { readonly now: Wire<NowAnswer> }) {
  const counts = Object.entries(tasks);
  const isEmpty = counts.every(([, n]) => n === 0);
  return (
    <section>
      <h2>{t('counts')}</h2>
      {isEmpty ? (
        <p class="dim">{t('no_tasks')}</p>
      ) : (
        <div class="tiles">
          {counts.map(([status, n]) => (
            <a key={status} class="tile" href={linkTo('tasks', { status })} data-count={status}>
              <b>{count(n)}</b>
              <Status name={status} />
            </a>
          ))}
        </div>
      )}
      {oldest !== null && oldest.task === null && oldest.is_capped && <p class="dim">{t('oldest_unseen')}</p>}
      {oldest !== null && oldest.task !== null && (
        <p>
          {t(oldest.is_capped ? 'oldest_capped' : 'oldest')} <TaskLink task={oldest.task} />{' '}
          <Ago at={oldest.task.queued_at} />
        </p>
      )}
    </section>
  );
}
