import type { EventAnswer } from '../../api/events.ts';
import { Answer } from '../parts/answer.tsx';
import { Facts } from '../parts/facts.tsx';
import { Json } from '../parts/json.tsx';
import { AgentLink, EventLink, SessionLink, TaskLink } from '../parts/links.tsx';
import { Time } from '../parts/times.tsx';
import { linkTo, route } from '../state/route.ts';
import { t } from '../text/text.ts';

/** One event, its hash, and its place in its stream. */
export function Event() {
  const id = route.value.params.get('id') ?? '';
  return (
    <Answer<EventAnswer> name="event" params={new URLSearchParams({ id })} needsLog={false}>
      {(event) => (
        <>
          <h2>
            {t('event')} <span class="mono">#{event.id}</span> <span class="mono">{event.type}</span>
          </h2>
          <section>
            <p>{event.means}</p>
            <Facts
              facts={[
                [t('when'), <Time key="time" at={event.at} />],
                [t('agent'), event.agent !== null && <AgentLink key="agent" name={event.agent} />],
                [
                  t('task'),
                  event.task_id !== null && (
                    <TaskLink key="task" task={{ id: event.task_id, number: event.task_number, title: event.title }} />
                  ),
                ],
                [
                  t('session'),
                  event.session_id !== null && (
                    <SessionLink key="session" id={event.session_id} number={event.session_number} />
                  ),
                ],
                [t('fence'), event.fence],
                [t('seq'), event.seq],
                [t('previous_event'), event.previous_id !== null && <EventLink key="event" id={event.previous_id} />],
                [t('next_event'), event.next_id !== null && <EventLink key="event" id={event.next_id} />],
                [t('previous_hash'), <code key="hash">{event.prev_hash}</code>],
                [t('hash'), <code key="hash">{event.hash}</code>],
                [t('command_id'), event.command_id !== null && <code key="id">{event.command_id}</code>],
              ]}
            />
            <p class={event.chained ? 'ok' : 'bad'}>{event.chained ? `✓ ${t('chained')}` : `✗ ${t('not_chained')}`}</p>
            <p>
              <a href={linkTo('now', { at: String(event.id) })}>{t('state_here')}</a>
            </p>
            <Json title={t('payload')} value={event.payload} isHidden={event.payloads_hidden} />
          </section>
        </>
      )}
    </Answer>
  );
}
