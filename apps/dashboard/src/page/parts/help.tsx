import { useEffect, useRef } from 'preact/hooks';
import { isHelpOpen, PAGE_KEYS } from '../state/keys.ts';
import { t } from '../text/text.ts';

/** The keys. */
export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isHelpOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isHelpOpen.value]);
  const keys = [
    ['?', t('key_help')],
    ...Object.entries(PAGE_KEYS).map(([key, page]) => [`g ${key}`, `${t('key_go')}: ${t(page)}`]),
    ['/', t('key_filter')],
    ['[  ]', t('key_step')],
    ['Esc', t('key_now')],
  ] as const;
  return (
    <dialog ref={dialog} aria-label={t('keys')} onClose={() => (isHelpOpen.value = false)}>
      <h2>{t('keys')}</h2>
      <dl class="keys">
        {keys.map(([key, means]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{means}</dd>
          </div>
        ))}
      </dl>
      <p class="dim">{t('chart_help')}</p>
      <button type="button" onClick={() => (isHelpOpen.value = false)}>
        {t('close')}
      </button>
    </dialog>
  );
}
