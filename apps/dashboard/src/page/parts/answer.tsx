import type { ComponentChildren } from 'preact';
import { useAnswer } from '../state/answers.ts';
import { server } from '../state/live.ts';
import { at } from '../state/route.ts';
import type { Wire } from '../state/wire.ts';
import { t } from '../text/text.ts';
import { NearIt } from './near-it.tsx';

interface AnswerProps<Answer> {
  readonly name: string;
  /** Besides the moment. */
  readonly params: URLSearchParams;
  /** false: it does not need the log. */
  readonly needsLog?: boolean;
  /** Whether an answer is soon another one, though the store does not change: it is asked for again. */
  readonly isPassing?: (data: Wire<Answer>) => boolean;
  readonly children: (data: Wire<Answer>) => ComponentChildren;
}

/** What the server answers, or why it does not: old data is shown as long as there is no newer. */
export function Answer<Answer>({ name, params, needsLog = true, isPassing, children }: AnswerProps<Answer>) {
  const asked = new URLSearchParams(params);
  if (at.value !== null) asked.set('at', at.value);
  const { data, problem, missing, isReading } = useAnswer<Answer>(name, asked, isPassing);
  const { as_of: asOf = 0, settled = 0 } = server.value ?? {};
  // A moment of the past is answered when it is read: nothing is missing then.
  const isMissing = isReading && (data === null || (needsLog && at.value === null));
  return (
    <>
      {isMissing && (
        <p class="lost" role="status">
          {t('reading', { as_of: String(asOf), settled: String(settled) })}
        </p>
      )}
      {problem !== null && (
        <p class="bad" role="alert">
          {missing !== null
            ? t(`no_${missing.missing}${missing.isLater ? '_yet' : ''}`)
            : data === null
              ? problem
              : t('problem', { problem })}
        </p>
      )}
      {missing !== null && <NearIt missing={missing} />}
      {data !== null ? children(data) : problem === null && !isMissing && <p class="dim">{t('nothing_yet')}</p>}
    </>
  );
}
