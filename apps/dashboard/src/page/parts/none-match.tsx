import { change, route } from '../state/route.ts';
import { t } from '../text/text.ts';

/** The filters of the address, for people; empty: there are none. */
export function filtersIn(params: URLSearchParams): string {
  return filters(params)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}

/** Instead of a list that has no row because of its filters. */
export function NoneMatch() {
  return (
    <p>
      {t('none_match', { filters: filtersIn(route.value.params) })}{' '}
      <button type="button" onClick={clear}>
        {t('clear')}
      </button>
    </p>
  );
}

function filters(params: URLSearchParams): readonly (readonly [name: string, value: string])[] {
  return [...params].filter(([name]) => name !== 'at' && name !== 'before');
}

function clear(): void {
  const names = filters(route.value.params).map(([name]) => [name, null] as const);
  change({ ...Object.fromEntries(names), before: null });
}
