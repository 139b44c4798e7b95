import { meta } from '../state/answers.ts';
import { step } from '../state/keys.ts';
import { at, change } from '../state/route.ts';
import { t } from '../text/text.ts';
import { Time } from './times.tsx';

/** Which moment all pages show. It moves by the order of events, or by time: ids have gaps. */
export function TimeTravel() {
  if (meta.value === null) return null;
  const { moment, events } = meta.value;
  const isPast = at.value !== null;
  const ordinal = isPast ? moment.ordinal : events;
  return (
    <section class="travel" aria-label={t('moment')}>
      <button type="button" onClick={() => step(-1)} aria-label={t('event_before')} disabled={ordinal === 0}>
        ‹
      </button>
      <input
        type="range"
        id="moment"
        aria-label={t('slider')}
        min={0}
        max={events}
        value={ordinal}
        onInput={({ currentTarget }) => goTo(Number(currentTarget.value), events)}
      />
      <button type="button" onClick={() => step(1)} aria-label={t('event_after')} disabled={!isPast}>
        ›
      </button>
      <label>
        <span class="dim">{t('go_to_time')}</span>{' '}
        <input type="datetime-local" step="1" onChange={({ currentTarget }) => goToTime(currentTarget.value)} />
      </label>
      {isPast && moment.is_past ? (
        <b class="lost" id="past">
          {ordinal === 0 ? (
            t('moment_before_all', { of: events })
          ) : (
            <>
              {t('moment_past', { id: `#${moment.event_id}`, n: ordinal, of: events })} · <Time at={moment.at} />
            </>
          )}
        </b>
      ) : (
        <span class="dim">{t('moment_now', { n: events })}</span>
      )}
      {isPast && (
        <button type="button" onClick={() => change({ at: null })}>
          {t('back_to_now')}
        </button>
      )}
    </section>
  );
}

function goTo(ordinal: number, events: number): void {
  change({ at: ordinal >= events ? null : `n${ordinal}` });
}

function goToTime(text: string): void {
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) change({ at: new Date(ms).toISOString() });
}
