import { signal } from '@preact/signals';
import { at, change, linkTo, type PageName } from './route.ts';
import { meta } from './answers.ts';

export const isHelpOpen = signal(false);

/** After `g`. */
export const PAGE_KEYS: Readonly<Record<string, PageName>> = {
  n: 'now',
  t: 'tasks',
  l: 'leases',
  a: 'agents',
  e: 'events',
  v: 'trust',
};

let isGoing = false;

/** The keys of every page; not while a text is typed. */
export function listenToKeys(): void {
  addEventListener('keydown', (event) => {
    const target = event.target as HTMLElement;
    const isTyped = target.matches('select, textarea, input:not([type="range"], [type="checkbox"])');
    if (isTyped || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = isGoing ? PAGE_KEYS[event.key] : undefined;
    isGoing = event.key === 'g';
    if (page !== undefined) location.hash = linkTo(page);
    else if (event.key === '?') isHelpOpen.value = !isHelpOpen.value;
    else if (event.key === '/') focusFilter(event);
    else if (event.key === '[') step(-1);
    else if (event.key === ']') step(1);
    else if (event.key === 'Escape' && at.value !== null && !isHelpOpen.value) change({ at: null });
  });
}

/** To the event before or after the shown moment, by its place in the log. */
export function step(by: number): void {
  const { moment, events } = meta.value ?? {};
  if (moment === undefined || events === undefined) return;
  const ordinal = moment.ordinal + by;
  if (ordinal >= events) change({ at: null });
  else if (ordinal >= 0) change({ at: `n${ordinal}` });
}

function focusFilter(event: KeyboardEvent): void {
  const field = document.querySelector<HTMLElement>('main [data-filter]');
  if (field === null) return;
  event.preventDefault();
  field.focus();
}
