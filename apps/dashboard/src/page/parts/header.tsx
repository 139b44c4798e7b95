import { meta } from '../state/answers.ts';
import { isHelpOpen } from '../state/keys.ts';
import { liveness, server } from '../state/live.ts';
import { language, LANGUAGES, theme, THEMES, type Language, type Theme } from '../state/preferences.ts';
import { linkTo, PAGES, route } from '../state/route.ts';
import { t } from '../text/text.ts';

const BADGES = {
  live: ['●', 'ok'],
  behind: ['◔', 'lost'],
  stopped: ['○', 'bad'],
  signed_out: ['○', 'bad'],
  past: ['◷', 'lost'],
} as const;

/** Where one is, and whether what is shown is true. */
export function Header() {
  return (
    <header>
      <h1>Agent Orchestrator</h1>
      <nav aria-label={t('pages')}>
        {PAGES.map((page) => (
          <a key={page} href={linkTo(page)} aria-current={route.value.page === page ? 'page' : undefined}>
            {t(page)}
          </a>
        ))}
      </nav>
      <span class="grow" />
      {meta.value !== null && <span class="dim">{t('namespace', { name: meta.value.namespace })}</span>}
      <LiveBadge />
      <CheckedBadge />
      <button type="button" class="keys-button" onClick={() => (isHelpOpen.value = true)} aria-label={t('keys')}>
        ?
      </button>
      <select
        aria-label={t('theme')}
        value={theme.value}
        onChange={({ currentTarget }) => (theme.value = currentTarget.value as Theme)}
      >
        {THEMES.map((name) => (
          <option key={name} value={name}>
            {t(`theme_${name}`)}
          </option>
        ))}
      </select>
      <select
        aria-label={t('language')}
        value={language.value}
        onChange={({ currentTarget }) => (language.value = currentTarget.value as Language)}
      >
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </header>
  );
}

function LiveBadge() {
  const state = liveness.value;
  const [glyph, colour] = BADGES[state];
  const { as_of: asOf = 0, settled = 0 } = server.value ?? {};
  return (
    <span role="status" id="live" data-state={state} class={`badge ${colour}`} title={meaning(state)}>
      <span aria-hidden="true">{glyph}</span> {t(state, { as_of: asOf, settled })}
    </span>
  );
}

function CheckedBadge() {
  if (meta.value === null) return null;
  const { checked_id: checkedId, mistakes, namespace, phase } = meta.value;
  const id = String(checkedId);
  const [colour, says] =
    mistakes > 0
      ? ['bad', `✗ ${t('broken', { n: mistakes })}`]
      : phase === 'live'
        ? ['ok', `✓ ${t('checked', { id })}`]
        : ['dim', `◔ ${t('checking', { id })}`];
  return (
    <a
      href={linkTo('trust')}
      id="checked"
      class={`badge ${colour}`}
      title={t('checked_badge_means', { id, namespace })}
    >
      {says}
    </a>
  );
}

/** A sentence for each state in which the page is not what it seems. */
export function Warning() {
  const state = liveness.value;
  if (state === 'live' || state === 'past' || state === 'behind') return null;
  return (
    <p class="warning bad" role="alert">
      {meaning(state)}
    </p>
  );
}

function meaning(state: keyof typeof BADGES): string {
  const { error = null, as_of: asOf = 0 } = server.value ?? {};
  if (state === 'stopped' && error !== null) return t('store_stopped', { error });
  const name = `${state}_means`;
  return name === 'live_means' || name === 'stopped_means' || name === 'signed_out_means'
    ? t(name, { as_of: asOf })
    : '';
}
