import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Meta } from '../../api/answers.ts';
import type { Near } from '../../api/nearest.ts';
import { changes, signedOut } from './live.ts';
import { Question } from './question.ts';
import { at } from './route.ts';
import type { Wire } from './wire.ts';

/** What the last answer said of itself. */
export const meta = signal<Wire<Meta> | null>(null);

/** What is not there, and what has an id or a number near it. */
export interface Missing {
  readonly missing: 'task' | 'session' | 'event';
  /** It came after the moment. */
  readonly isLater: boolean;
  readonly near: readonly Wire<Near>[];
}

/** An answer, and what is wrong with the last question. Old data stays while a new question fails. */
export interface Asked<Answer> {
  readonly data: Wire<Answer> | null;
  readonly problem: string | null;
  /** What the page is about is not there. */
  readonly missing: Missing | null;
  /** The server is still reading the log: it will know more, or has no answer yet. */
  readonly isReading: boolean;
  /** The same question may have another answer soon, though the store does not change. */
  readonly mayChange: boolean;
}

const PASSING_MS = 1_000;
/** A read of the store ends in less. What a proxy or a network lost is asked again. */
const SILENT_MS = 75_000;
const NOTHING = { data: null, problem: null, missing: null, isReading: false, mayChange: false };

/**
 * Asks the server, and asks again when the store has changed; each second, while the server reads the log, cannot read
 * the store or does not answer, or the answer is a passing one.
 */
export function useAnswer<Answer>(
  name: string,
  params: URLSearchParams,
  isPassing: (data: Wire<Answer>) => boolean = () => false,
): Asked<Answer> {
  const query = params.toString();
  const key = `${name}?${query}`;
  const [asked, setAsked] = useState<Asked<Answer> & { readonly key: string }>({ key: '', ...NOTHING });
  const question = useRef<Question<Asked<Answer>> | null>(null);
  const change = at.value === null ? changes.value : 0;
  useEffect(() => {
    const made = new Question<Asked<Answer>>(
      (stopped) => ask(key, stopped),
      (answer) =>
        setAsked((before) => ({ ...answer, key, data: answer.data ?? (before.key === key ? before.data : null) })),
    );
    question.current = made;
    return () => made.stop();
  }, [key]);
  useEffect(() => question.current?.want(), [key, change]);
  const mustAskAgain = asked.mayChange || (asked.data !== null && isPassing(asked.data));
  useEffect(() => {
    if (!mustAskAgain) return;
    const timer = setTimeout(() => question.current?.want(), PASSING_MS);
    return () => clearTimeout(timer);
  }, [asked, mustAskAgain]);
  return asked;
}

async function ask<Answer>(path: string, stopped: AbortSignal): Promise<Asked<Answer>> {
  try {
    const response = await fetch(`api/${path}`, { signal: AbortSignal.any([stopped, AbortSignal.timeout(SILENT_MS)]) });
    const body = (await response.json()) as {
      readonly data?: Wire<Answer>;
      readonly meta?: Wire<Meta>;
      readonly error?: { readonly code: string; readonly message: string } & Partial<Missing>;
    };
    if (response.status === 401) signedOut();
    if (body.meta !== undefined) meta.value = body.meta;
    if (body.error?.code === 'READING') return { ...NOTHING, isReading: true, mayChange: true };
    return {
      data: body.data ?? null,
      problem: body.error === undefined ? null : body.error.message,
      missing: missingIn(body.error),
      isReading: body.meta?.phase === 'reading',
      // A wrong question stays wrong; what the server cannot answer now, it may answer later.
      mayChange: response.status >= 500 || (body.meta !== undefined && body.meta.phase !== 'live'),
    };
  } catch (error) {
    return { ...NOTHING, problem: stopped.aborted ? null : (error as Error).message, mayChange: true };
  }
}

function missingIn({ code, missing, near = [] }: { readonly code?: string } & Partial<Missing> = {}): Missing | null {
  return missing === undefined ? null : { missing, near, isLater: code === 'NOT_YET' };
}
