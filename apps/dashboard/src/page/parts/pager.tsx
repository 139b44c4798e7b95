import { change, route } from '../state/route.ts';
import { t } from '../text/text.ts';

/** To older rows, and back to the newest. */
export function Pager({ next }: { readonly next: string | null }) {
  const isFirst = route.value.params.get('before') === null;
  if (next === null && isFirst) return null;
  return (
    <div class="line">
      <button type="button" disabled={isFirst} onClick={() => change({ before: null })}>
        {t('newest')}
      </button>
      <button type="button" disabled={next === null} onClick={() => change({ before: next })}>
        {t('older')}
      </button>
    </div>
  );
}
