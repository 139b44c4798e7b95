import { shownNow } from '../state/clock.ts';
import { ago, local, utc } from '../text/time.ts';

interface TimeProps {
  /** ISO-8601; null shows nothing. */
  readonly at: string | null;
}

/** The time of the reader, with UTC beside it. */
export function Time({ at }: TimeProps) {
  if (at === null) return null;
  const ms = Date.parse(at);
  return (
    <time dateTime={at} class="time">
      {local(ms)} <small class="dim">{utc(ms)}</small>
    </time>
  );
}

/** How long ago; the time itself when pointed at. */
export function Ago({ at }: TimeProps) {
  if (at === null) return null;
  const ms = Date.parse(at);
  return (
    <time dateTime={at} class="num dim" title={`${local(ms)} · ${utc(ms)}`}>
      {ago(ms, shownNow())}
    </time>
  );
}
