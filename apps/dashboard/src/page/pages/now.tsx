import type { Need, NeedRow, NowAnswer, WorkingRow } from '../../api/now-answer.ts';
import { Answer } from '../parts/answer.tsx';
import { Commands } from '../parts/command.tsx';
import { AgentLink, EventLink, SessionLink, Status, TaskLink } from '../parts/links.tsx';
import { Ago } from '../parts/times.tsx';
import { signal } from '@preact/signals';
import { meta } from '../state/answers.ts';
import { shownNow } from '../state/clock.ts';
import { keep, kept } from '../state/preferences.ts';
import { at, linkTo } from '../state/route.ts';
import type { Wire } from '../state/wire.ts';
import { count, named, t, type TextName } from '../text/text.ts';

/** The event up to which this browser has seen everything. */
const seen = signal(kept('seen'));

/** What needs a person, then who works on what, then how much there is. */
export function Now() {
  const params = new URLSearchParams(seen.value === null ? {} : { seen: seen.value });
  return (
    <Answer<NowAnswer> name="now" params={params} needsLog={false} isPassing={isDue}>
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

/** What was due next is due: another task may be next. */
function isDue({ next_due: next }: Wire<NowAnswer>): boolean {
  return at.value === null && next !== null && Date.parse(next.at) <= shownNow();
}

function NothingNeedsYou({ now: { last_event: last, next_due: next } }: { readonly now: Wire<NowAnswer> }) {
  return (
    <section class="ok">
      <b>✓ {t('nobody_needs_you')}</b>{' '}
      {last !== null && (
        <span class="dim">
          {t('last_event', { type: last.type ?? '' })} <EventLink id={last.id} /> <Ago at={last.at} />
        </span>
      )}
      {next !== null && (
        <div>
          {t('next_due')} <Ago at={next.at} />: <TaskLink task={next.task} />
        </div>
      )}
    </section>
  );
}

interface List {
  readonly page: 'tasks' | 'events';
  readonly params: Readonly<Record<string, string>>;
  /** What it has besides the group is named by its filter. */
  readonly filter?: string;
}

/** Where all of a group are. */
const LISTS: Readonly<Record<Wire<Need>['group'], List>> = {
  question: { page: 'tasks', params: { status: 'waiting' }, filter: 'waiting' },
  review: { page: 'tasks', params: { status: 'in_review' } },
  hand_off: { page: 'tasks', params: { handed_off: 'true' } },
  dead_letter: { page: 'tasks', params: { status: 'failed' } },
  blocked: { page: 'tasks', params: { status: 'blocked' }, filter: 'blocked' },
  silent: { page: 'tasks', params: { status: 'running' }, filter: 'running' },
  cancellation: { page: 'tasks', params: { status: 'running' }, filter: 'running' },
  refused: { page: 'events', params: { type: 'lease.refused' }, filter: 'lease.refused' },
};

function ListLink({ group, total }: { readonly group: Wire<Need>['group']; readonly total: number }) {
  const { page, params, filter } = LISTS[group];
  const link = (text: string) => <a href={linkTo(page, params)}>{text}</a>;
  if (filter === undefined) return link(t('all_of_them', { n: total }));
  return (
    <small class="dim">
      {count(total)} · {link(`${t(page)}: ${named(filter)}`)}
    </small>
  );
}

function NeedCard({ need: { group, count: total, rows } }: { readonly need: Wire<Need> }) {
  return (
    <section class={`need need-${group}`} data-need={group}>
      <h3>
        {t(`need_${group}` as TextName)} <ListLink group={group} total={total} />
      </h3>
      {group === 'refused' && <p class="dim">{t('refused_means')}</p>}
      <ul class="rows">
        {rows.map((row, at) => (
          <NeedItem
            key={`${row.task_id} ${row.session_id} ${row.event_id}`}
            row={row}
            commands={row.commands.filter(({ line }) => firstWith(rows, line) === at)}
          />
        ))}
      </ul>
    </section>
  );
}

/** A command that is about all rows is shown at the first of them. */
function firstWith(rows: readonly Wire<NeedRow>[], line: string): number {
  return rows.findIndex(({ commands }) => commands.some((one) => one.line === line));
}

interface NeedItemProps {
  readonly row: Wire<NeedRow>;
  readonly commands: Wire<NeedRow>['commands'];
}

function NeedItem({ row, commands }: NeedItemProps) {
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
      <Commands commands={commands} />
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
      <span>{since === null ? t('never_looked') : t('since_counts', since)}</span>
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
