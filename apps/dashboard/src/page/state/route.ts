import { computed, signal } from '@preact/signals';

export const PAGES = ['now', 'tasks', 'leases', 'agents', 'events', 'trust'] as const;

export type PageName = (typeof PAGES)[number] | 'task' | 'session' | 'event';

/** What the address says: the page, and its filters. */
export interface Route {
  readonly page: PageName;
  readonly params: URLSearchParams;
}

export const route = signal(read());
/** The moment that all pages show; null: now. */
export const at = computed(() => route.value.params.get('at'));

addEventListener('hashchange', () => (route.value = read()));

/** Changes one filter to what a field has, and goes to the first rows. */
export function set(name: string) {
  return ({ currentTarget: { value } }: { readonly currentTarget: { readonly value: string } }) =>
    change({ [name]: value, before: null });
}

/** The filters alone. */
export function withoutMoment(params: URLSearchParams): URLSearchParams {
  const others = new URLSearchParams(params);
  others.delete('at');
  return others;
}

function read(): Route {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const known = [...PAGES, 'task', 'session', 'event'] as readonly string[];
  return { page: (known.includes(path) ? path : 'now') as PageName, params: new URLSearchParams(query) };
}

/** An address. The moment stays the same, unless `params` has another. */
export function linkTo(page: PageName, params: Readonly<Record<string, string | null>> = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ at: at.value, ...params }))
    if (value !== null && value !== '') query.set(name, value);
  return `#/${page}${query.size > 0 ? `?${query}` : ''}`;
}

/** Changes filters of this page, without a step in the browser's history. */
export function change(params: Readonly<Record<string, string | readonly string[] | null>>): void {
  const next = new URLSearchParams(route.value.params);
  for (const [name, value] of Object.entries(params)) {
    next.delete(name);
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) if (one !== '') next.append(name, one);
  }
  history.replaceState(null, '', `#/${route.value.page}${next.size > 0 ? `?${next}` : ''}`);
  route.value = read();
}
