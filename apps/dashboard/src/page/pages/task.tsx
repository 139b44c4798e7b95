import type { TaskAnswer } from '../../api/task.ts';
import type { OtherTask } from '../../api/task-relations.ts';
import { Answer } from '../parts/answer.tsx';
import { Commands } from '../parts/command.tsx';
import { EventTable } from '../parts/event-table.tsx';
import { Facts } from '../parts/facts.tsx';
import { Json } from '../parts/json.tsx';
import { LeaseTable } from '../parts/lease-table.tsx';
import { EventLink, SessionLink, Status, TaskLink } from '../parts/links.tsx';
import { ShownOf } from '../parts/shown-of.tsx';
import { Time } from '../parts/times.tsx';
import { linkTo, route } from '../state/route.ts';
import type { Wire } from '../state/wire.ts';
import { named, t } from '../text/text.ts';

/** One task: where it is, why, and what happened to it. */
export function Task() {
  const id = route.value.params.get('id') ?? '';
  return (
    <Answer<TaskAnswer> name="task" params={new URLSearchParams({ id })}>
      {(task) => (
        <>
          <h2>
            <span class="mono">t{task.number}</span> <bdi>{task.title}</bdi>
          </h2>
          <section>
            <p class="line">
              <Status name={task.status} />
              {task.handed_off && <span class="lost">{t('handed_off')}</span>}
              <SessionLink id={task.session_id} number={task.session_number} />
              <span class="dim">
                <bdi>{task.kind}</bdi>
              </span>
            </p>
            <Row task={task} />
            <Commands commands={task.commands} />
          </section>
          <Question task={task} />
          <Why why={task.why} />
          <section>
            <h3>{t('attempts')}</h3>
            {task.leases.length === 0 ? (
              <p class="dim">{t('no_attempts')}</p>
            ) : (
              <>
                <LeaseTable rows={task.leases} withTask={false} />
                <ShownOf shown={task.leases.length} total={task.lease_count} />
              </>
            )}
          </section>
          <Related task={task} />
          <section>
            <Json title={t('error')} value={task.error} />
            <Json title={t('payload')} value={task.payload} isHidden={task.payloads_hidden} />
            <Json title={t('result')} value={task.result} />
          </section>
          <section>
            <h3>{t('history')}</h3>
            <EventTable rows={task.events} withTask={false} />
            {task.events_more && (
              <p>
                {t('more_events')} <a href={linkTo('events', { task: task.id })}>{t('events')}</a>
              </p>
            )}
          </section>
        </>
      )}
    </Answer>
  );
}

function Row({ task: { row } }: { readonly task: Wire<TaskAnswer> }) {
  if (row === null) return <p class="dim">{t('too_long')}</p>;
  const whom = row.assignee ?? row.role;
  return (
    <>
      <p class="dim">
        {t('attempt_of', {
          n: row.attempt,
          max: row.attempts_max,
          interruptions: row.interruptions,
          interruptions_max: row.interruptions_max,
        })}
        {whom !== null && ` · ${t('for_whom', { who: whom })}`}
      </p>
      <Facts
        facts={[
          [t('created'), <Time key="time" at={row.created_at} />],
          [t('due'), row.run_at !== null && <Time key="time" at={row.run_at} />],
          [t('started'), row.started_at !== null && <Time key="time" at={row.started_at} />],
          [t('finished'), row.finished_at !== null && <Time key="time" at={row.finished_at} />],
          [t('cancel_asked'), row.cancel_requested_at !== null && <Time key="time" at={row.cancel_requested_at} />],
          [t('note'), row.note !== null && <bdi key="note">{row.note}</bdi>],
        ]}
      />
    </>
  );
}

function Question({ task: { row } }: { readonly task: Wire<TaskAnswer> }) {
  if (row === null || row.question === null) return null;
  return (
    <section class="need">
      <h3>{t('question')}</h3>
      <p class="dim">{t('asked_by', { agent: row.asked_by ?? '?', whom: row.asked_of ?? t('anyone') })}</p>
      <p class="said">
        <bdi>{row.question}</bdi>
      </p>
      {row.answer !== null && (
        <>
          <h3>{t('answer')}</h3>
          <p class="said">
            <bdi>{row.answer}</bdi>
          </p>
        </>
      )}
    </section>
  );
}

function Why({ why }: { readonly why: Wire<TaskAnswer>['why'] }) {
  if (why === null) return null;
  return (
    <section id="why">
      <h3>{t('why')}</h3>
      <p class={why.claimable ? 'ok' : 'lost'}>
        {t(why.claimable ? 'claimable' : 'not_claimable')}
        {why.heads_before !== null && why.heads_before > 0 && ` ${t('heads_before', { n: why.heads_before })}`}
      </p>
      <ul class="rows">
        {why.conditions.map((condition) => (
          <li key={condition.name}>
            <span class={condition.holds ? 'ok' : 'bad'}>
              {condition.holds ? '✓' : '✗'} {t(condition.holds ? 'met' : 'unmet')}
            </span>{' '}
            <b>{named(condition.name)}</b>: <bdi>{condition.says}</bdi>
            {condition.next_step !== null && (
              <div class="dim">
                <bdi>{condition.next_step}</bdi>
              </div>
            )}
            {condition.changes_at !== null && (
              <div class="dim">
                {t('changes_at')} <Time at={condition.changes_at} />
              </div>
            )}
            {condition.events.length > 0 && (
              <div class="dim line">
                {t('proof')}:{' '}
                {condition.events.map((id) => (
                  <EventLink key={id} id={id} />
                ))}
              </div>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

type Relation = 'depends_on' | 'dependents' | 'parent' | 'subtasks' | 'reviews' | 'review_of';

function Related({ task }: { readonly task: Wire<TaskAnswer> }) {
  const groups: readonly (readonly [Relation, readonly Wire<OtherTask>[]])[] = [
    ['depends_on', task.depends_on],
    ['dependents', task.dependents],
    ['parent', task.parent === null ? [] : [task.parent]],
    ['subtasks', task.subtasks],
    ['reviews', task.reviews],
    ['review_of', task.review_of === null ? [] : [task.review_of]],
  ];
  const shown = groups.filter(([, tasks]) => tasks.length > 0);
  if (shown.length === 0 && task.review === null) return null;
  return (
    <section id="related">
      {task.review !== null && <p>{t('review_terms', task.review)}</p>}
      {shown.map(([name, tasks]) => (
        <div key={name}>
          <h3>{t(name)}</h3>
          <ul class="rows">
            {tasks.map((other) => (
              <li key={other.id} class="line">
                <TaskLink task={other} />
                {other.status !== null && <Status name={other.status} />}
              </li>
            ))}
          </ul>
          {(task.cut as readonly string[]).includes(name) && (
            <small class="dim">{t('first_of_more', { n: tasks.length })}</small>
          )}
        </div>
      ))}
    </section>
  );
}
