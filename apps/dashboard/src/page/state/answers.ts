import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Meta } from '../../api/answers.ts';
import { changes, signedOut } from './live.ts';
import { at } from './route.ts';
import type { Wire } from './wire.ts';

/** What the last answer said of itself. */
export const meta = signal<Wire<Meta> | null>(null);

/** An answer, and what is wrong with the last question. Old data stays while a new question fails. */
export interface Asked<Answer> {
  readonly data: Wire<Answer> | null;
  readonly problem: string | null;
}

/** Changes that come faster are asked for together. */
const TOGETHER_MS = 100;
/** A page whose answer costs much asks less often, so that pages together take no more than a part of the server. */
const PAUSE_PER_ANSWER = 4;

/** Asks the server, and asks again when the store has changed. */
export function useAnswer<Answer>(name: string, params: URLSearchParams): Asked<Answer> {
  const [asked, setAsked] = useState<Asked<Answer> & { readonly key: string }>({ key: '', data: null, problem: null });
  const query = params.toString();
  const key = `${name}?${query}`;
  const change = at.value === null ? changes.value : 0;
  const lastKey = useRef('');
  const tookMs = useRef(0);
  useEffect(() => {
    const aborted = new AbortController();
    const isSame = lastKey.current === key;
    lastKey.current = key;
    const timer = setTimeout(
      () => {
        void (async () => {
          const began = performance.now();
          const answer = await ask<Answer>(key, aborted.signal);
          if (aborted.signal.aborted) return;
          tookMs.current = performance.now() - began;
          setAsked((before) => ({
            key,
            data: answer.data ?? (before.key === key || isSame ? before.data : null),
            problem: answer.problem,
          }));
        })();
      },
      isSame ? Math.max(TOGETHER_MS, PAUSE_PER_ANSWER * tookMs.current) : 0,
    );
    return () => {
      clearTimeout(timer);
      aborted.abort();
    };
  }, [key, change]);
  return asked;
}

async function ask<Answer>(path: string, stopped: AbortSignal): Promise<Asked<Answer>> {
  try {
    const response = await fetch(`api/${path}`, { signal: stopped });
    const body = (await response.json()) as {
      readonly data?: Wire<Answer>;
      readonly meta?: Wire<Meta>;
      readonly error?: { readonly code: string; readonly message: string };
    };
    if (response.status === 401) signedOut();
    if (body.meta !== undefined) meta.value = body.meta;
    return { data: body.data ?? null, problem: body.error === undefined ? null : body.error.message };
  } catch (error) {
    return { data: null, problem: stopped.aborted ? null : (error as Error).message };
  }
}
