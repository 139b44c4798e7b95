import { t } from '../text/text.ts';

interface JsonProps {
  readonly title: string;
  readonly value: unknown;
  readonly isHidden?: boolean;
}

/** What agents wrote, as text, folded: it may be long. */
export function Json({ title, value, isHidden = false }: JsonProps) {
  if (isHidden) return <p class="dim">{`${title}: ${t('hidden')}`}</p>;
  if (value === null || value === undefined) return null;
  return (
    <details>
      <summary>{title}</summary>
      <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre>
    </details>
  );
}
