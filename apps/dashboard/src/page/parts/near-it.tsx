import type { Missing } from '../state/answers.ts';
import { t } from '../text/text.ts';
import { EventLink, SessionLink, TaskLink } from './links.tsx';

/** What the reader may have meant. */
export function NearIt({ missing: { missing, near } }: { readonly missing: Missing }) {
  if (near.length === 0) return null;
  return (
    <section id="near">
      <p>{t('near_it')}</p>
      <ul class="rows">
        {near.map((one) => (
          <li key={one.id} class="line">
            {missing === 'task' && <TaskLink task={one} />}
            {missing === 'session' && <SessionLink id={one.id} number={one.number} />}
            {missing === 'event' && <EventLink id={Number(one.id)} />}
            {missing !== 'event' && <bdi class="dim">{one.id}</bdi>}
          </li>
        ))}
      </ul>
    </section>
  );
}
