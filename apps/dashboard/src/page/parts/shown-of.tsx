import { t } from '../text/text.ts';

interface ShownOfProps {
  readonly shown: number;
  readonly total: number;
  /** Where all of them are. */
  readonly href?: string;
}

/** `5 of 23`, where a list does not show all. */
export function ShownOf({ shown, total, href }: ShownOfProps) {
  if (shown >= total) return null;
  const text = t('shown_of', { shown, total });
  return <small class="dim shown-of">{href === undefined ? text : <a href={href}>{text}</a>}</small>;
}
