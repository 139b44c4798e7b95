import type { SessionAnswer } from '../../api/session.ts';
import { Answer } from '../parts/answer.tsx';
import { Commands } from '../parts/command.tsx';
import { EventTable } from '../parts/event-table.tsx';
import { Facts } from '../parts/facts.tsx';
import { Json } from '../parts/json.tsx';
import { LeaseTable } from '../parts/lease-table.tsx';
import { Status, TaskLink } from '../parts/links.tsx';
import { ShownOf } from '../parts/shown-of.tsx';
import { Ago, Time } from '../parts/times.tsx';
import { at, linkTo, route } from '../state/route.ts';
import type { Wire } from '../state/wire.ts';
import { count, t } from '../text/text.ts';

/** One session: what an agent that resumed it would get. */
export function Session() {
  const id = route.value.params.get('id') ?? '';
  return (
    <Answer<SessionAnswer> name="session" params={new URLSearchParams({ id })}>
      {(session) => (
        <>
          <h2>
            {t('session')} <span class="mono">s{session.number}</span> <bdi class="dim">{session.id}</bdi>
          </h2>
          <State session={session} />
          {at.value === null && <Card session={session} />}
          <section>
            {session.context === null && !session.context_hidden ? (
              <p class="dim">{t('no_context')}</p>
            ) : (
              <Json title={t('context')} value={session.context} isHidden={session.context_hidden} />
            )}
          </section>
          <Queue session={session} />
          {session.leases.length > 0 && (
            <section>
              <h3>{t('leases')}</h3>
              <LeaseTable rows={session.leases} />
              <ShownOf shown={session.leases.length} total={session.lease_count} />
            </section>
          )}
          <section>
            <h3>{t('history')}</h3>
            <EventTable rows={session.events} />
            {session.events_more && (
              <p>
                {t('more_events')} <a href={linkTo('events', { session: session.id })}>{t('events')}</a>
              </p>
            )}
          </section>
        </>
      )}
    </Answer>
  );
}

function State({ session }: { readonly session: Wire<SessionAnswer> }) {
  return (
    <section>
      <p class="line">
        <Status name={session.status} />
        {session.closed_at !== null && (
          <span id="closed">
            {t('closed_since')} <Time at={session.closed_at} />
          </span>
        )}
        {session.agent !== null && <bdi>{t('holder', { agent: session.agent })}</bdi>}
        <span class="dim">{t('chain_end', { seq: session.seq })}</span>
      </p>
      <Facts
        facts={[
          [t('heartbeat'), session.heartbeat_at !== null && <Time key="time" at={session.heartbeat_at} />],
          [t('expires'), session.lease_expires_at !== null && <Time key="time" at={session.lease_expires_at} />],
        ]}
      />
      {session.is_too_long && <p class="lost">{t('too_long')}</p>}
    </section>
  );
}

function Queue({ session }: { readonly session: Wire<SessionAnswer> }) {
  return (
    <section>
      <h3>{t('queue')}</h3>
      <p class="line" id="by-status">
        {Object.entries(session.tasks_by_status).map(([status, n]) => (
          <span key={status}>
            <Status name={status} /> {count(n)}
          </span>
        ))}
      </p>
      <ul class="rows">
        {session.tasks.map((task) => (
          <li key={task.id} class="line">
            <TaskLink task={task} />
            <Status name={task.status} />
            <Ago at={task.changed_at} />
          </li>
        ))}
      </ul>
      <ShownOf
        shown={session.tasks.length}
        total={sum(session.tasks_by_status)}
        href={linkTo('tasks', { session: session.id })}
      />
    </section>
  );
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, one) => total + one, 0);
}

function Card({ session }: { readonly session: Wire<SessionAnswer> }) {
  return (
    <section>
      <h3>{t('card')}</h3>
      {session.context_hidden ? (
        <p class="dim">{t('hidden')}</p>
      ) : session.card === null ? (
        <p class="dim">{t('no_card')}</p>
      ) : (
        <pre id="card" tabIndex={0}>
          {session.card}
        </pre>
      )}
      <Commands commands={session.commands} />
    </section>
  );
}
