import type { EventsAnswer } from '../../api/events.ts';
import { Answer } from '../parts/answer.tsx';
import { EventTable } from '../parts/event-table.tsx';
import { filtersIn, NoneMatch } from '../parts/none-match.tsx';
import { Pager } from '../parts/pager.tsx';
import { route, set, withoutMoment } from '../state/route.ts';
import type { Wire } from '../state/wire.ts';
import { t } from '../text/text.ts';

/** The log, the newest first. */
export function Events() {
  const { params } = route.value;
  return (
    <>
      <h2>{t('events')}</h2>
      <Answer<EventsAnswer> name="events" params={withoutMoment(params)} needsLog={false}>
        {({ rows, next, gaps, types }) => (
          <>
            <form class="filters" onSubmit={(event) => event.preventDefault()}>
              <label>
                {t('type')}
                <select data-filter value={params.get('type') ?? ''} onChange={set('type')}>
                  <option value="">{t('any')}</option>
                  {types.map((type) => (
                    <option key={type} value={type}>
                      {type}
                    </option>
                  ))}
                </select>
              </label>
              {(['agent', 'session', 'task'] as const).map((name) => (
                <label key={name}>
                  {t(name)}
                  <input value={params.get(name) ?? ''} onChange={set(name)} />
                </label>
              ))}
            </form>
            {rows.length > 0 ? (
              <EventTable rows={rows} gaps={gapsIn({ gaps, next }, params)} />
            ) : filtersIn(params) === '' ? (
              <p class="dim">{t('no_events')}</p>
            ) : (
              <NoneMatch />
            )}
            <Pager next={next} />
          </>
        )}
      </Answer>
    </>
  );
}

/** Before each row and after the last one, what is not in the list: events that do not match, or that are on another page. */
function gapsIn({ gaps, next }: Pick<Wire<EventsAnswer>, 'gaps' | 'next'>, params: URLSearchParams): readonly string[] {
  return (gaps ?? []).map((n, at, all) => {
    if (n < 1) return '';
    if (at === 0 && params.has('before')) return t('events_newer', { n });
    if (at === all.length - 1 && next !== null) return t('events_older', { n });
    return t('events_left_out', { n });
  });
}
