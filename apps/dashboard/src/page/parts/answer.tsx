import type { ComponentChildren } from 'preact';
import { meta, useAnswer } from '../state/answers.ts';
import { at } from '../state/route.ts';
import type { Wire } from '../state/wire.ts';
import { t } from '../text/text.ts';

interface AnswerProps<Answer> {
  readonly name: string;
  /** Besides the moment. */
  readonly params: URLSearchParams;
  /** false: it does not need the log. */
  readonly needsLog?: boolean;
  readonly children: (data: Wire<Answer>) => ComponentChildren;
}

/** What the server answers, or why it does not: old data is shown as long as there is no newer. */
export function Answer<Answer>({ name, params, needsLog = true, children }: AnswerProps<Answer>) {
  const asked = new URLSearchParams(params);
  if (at.value !== null) asked.set('at', at.value);
  const { data, problem } = useAnswer<Answer>(name, asked);
  const { phase, as_of: asOf = 0, settled = 0 } = meta.value ?? {};
  return (
    <>
      {needsLog && phase === 'reading' && settled > 0 && (
        <p class="lost" role="status">
          {t('reading', { percent: Math.floor((100 * asOf) / settled) })}
        </p>
      )}
      {problem !== null && (
        <p class="bad" role="alert">
          {data === null ? problem : t('problem', { problem })}
        </p>
      )}
      {data !== null ? children(data) : problem === null && <p class="dim">{t('nothing_yet')}</p>}
    </>
  );
}
