import type { StoreFacts } from '../facts.ts';
import { draft, type Draft } from '../finding.ts';
import { counted, sized } from '../words.ts';

/** A log may be this many times larger than it is meant to stay before anybody is told: it grows under load. */
const TIMES = 2;

/** How large the write-ahead log is, and what keeps it. */
export function checkLogSize({ place }: StoreFacts): Draft[] {
  if (place === null || place.kind === 'memory') return [];
  const { logBytes, logBytesKept } = place;
  const tooLarge = logBytes !== null && logBytes > TIMES * logBytesKept;
  const said = logBytes === null ? '' : `The write-ahead log has ${sized(logBytes)}; ${sized(logBytesKept)} would do.`;
  if (place.kind === 'file') {
    if (!tooLarge) return [draft('log_size', 'ok', `the write-ahead log has ${sized(place.logBytes)}`)];
    const hint =
      'A read that goes on for long keeps it: end that program; `orchestrator doctor --fix` then empties the log.';
    return [draft('log_size', 'warning', said, { hint, fix: 'empty_log' })];
  }
  const slots = place.idleSlots.filter(({ bytes }) => bytes > TIMES * logBytesKept);
  if (slots.length > 0)
    return [
      draft(
        'log_size',
        'warning',
        `${counted(slots.length, 'replication slot')} that nobody reads keep the server's log: ${slots.map(({ name, bytes }) => `${name} (${sized(bytes)})`).join(', ')}.`,
        {
          hint: 'Start what should read them again, or let the administrator of the server remove them.',
          count: slots.length,
        },
      ),
    ];
  if (tooLarge)
    return [
      draft('log_size', 'warning', said, {
        hint: 'Ask the administrator of the server what keeps it: an archive, or a standby.',
      }),
    ];
  const size =
    logBytes === null
      ? 'only an administrator may ask for the size of the log'
      : `the server's log has ${sized(logBytes)}`;
  return [draft('log_size', 'ok', size)];
}
