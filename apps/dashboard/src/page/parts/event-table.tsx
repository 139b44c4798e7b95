import type { EventRow } from '../../api/event-row.ts';
import type { Wire } from '../state/wire.ts';
import { t } from '../text/text.ts';
import { AgentLink, EventLink, SessionLink, TaskLink } from './links.tsx';
import { Ago } from './times.tsx';

/** Events, the newest first. */
export function EventTable({
  rows,
  withTask = true,
  gaps = [],
}: {
  readonly rows: readonly Wire<EventRow>[];
  readonly withTask?: boolean;
  /** What is left out before each row and after the last one; empty: nothing. */
  readonly gaps?: readonly string[];
}) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('events')}>
      <table>
        <thead>
          <tr>
            <th>{t('event')}</th>
            <th>{t('when')}</th>
            <th>{t('type')}</th>
            <th>{t('agent')}</th>
            {withTask && <th>{t('task')}</th>}
            {withTask && <th>{t('session')}</th>}
            <th>{t('what')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((event, index) => [
            <Gap key={`gap ${event.id}`} text={gaps[index]} />,
            <tr key={event.id}>
              <td>
                <EventLink id={event.id} />
              </td>
              <td>
                <Ago at={event.at} />
              </td>
              <td class="mono">{event.type}</td>
              <td>
                <AgentLink name={event.agent} />
              </td>
              {withTask && (
                <td>
                  <TaskLink task={{ id: event.task_id, number: event.task_number, title: event.title }} />
                </td>
              )}
              {withTask && (
                <td>
                  <SessionLink id={event.session_id} number={event.session_number} />
                </td>
              )}
              <td class="said">
                <bdi>{event.text}</bdi>
              </td>
            </tr>,
          ])}
          <Gap text={gaps[rows.length]} />
        </tbody>
      </table>
    </div>
  );
}

const COLUMNS = 7;

function Gap({ text = '' }: { readonly text?: string | undefined }) {
  if (text === '') return null;
  return (
    <tr class="gap">
      <td colSpan={COLUMNS}>⋯ {text}</td>
    </tr>
  );
}
