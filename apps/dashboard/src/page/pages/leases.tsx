import { useEffect, useRef, useState } from 'preact/hooks';
import type { LeasesAnswer } from '../../api/leases.ts';
import { Gantt } from '../chart/gantt.tsx';
import { KINDS, layoutOf, type Bar, type Leases as LeasesData, type Window } from '../chart/layout.ts';
import { afterKey, moved, zoomed } from '../chart/moves.ts';
import { Answer } from '../parts/answer.tsx';
import { EventLink } from '../parts/links.tsx';
import { NoneMatch } from '../parts/none-match.tsx';
import { ShownOf } from '../parts/shown-of.tsx';
import { Ago, Time } from '../parts/times.tsx';
import { change, route, set, withoutMoment } from '../state/route.ts';
import { named, t, type TextName } from '../text/text.ts';
import { lasting, local } from '../text/time.ts';

/** Who held what, when. */
export function Leases() {
  return (
    <>
      <h2>{t('leases')}</h2>
      <form class="filters" onSubmit={(event) => event.preventDefault()}>
        <label>
          {t('agent')}
          <input data-filter value={route.value.params.get('agent') ?? ''} onChange={set('agent')} />
        </label>
      </form>
      <Answer<LeasesAnswer> name="leases" params={withoutMoment(route.value.params)}>
        {(answer) => <Chart answer={answer} />}
      </Answer>
    </>
  );
}

/** A moved window is asked for after this pause; until then what is known is drawn. */
const PAUSE_MS = 150;

function Chart({ answer }: { readonly answer: LeasesData }) {
  const [window, setWindow] = useState<Window>(answer.window);
  const [selected, setSelected] = useState<Bar | null>(null);
  const timer = useRef(0);
  useEffect(() => setWindow(answer.window), [answer]);
  const move = (next: Window) => {
    setWindow(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      const isWhole = next.begin <= answer.whole.begin && next.end >= answer.whole.end;
      const { begin, end } = isWhole ? answer.whole : next;
      // Without an end it continues with the time.
      change({ from: String(Math.round(begin)), until: isWhole ? null : String(Math.round(end)) });
    }, PAUSE_MS) as unknown as number;
  };
  const { count: n, interruptions: interrupted, refused } = answer;
  return (
    <section>
      <Buttons answer={answer} window={window} onMove={move} />
      <p id="chart-count" class="dim">
        {t('window', { from: local(window.begin), until: local(window.end) })}{' '}
        {t('lease_count', { n, interrupted, refused })}
      </p>
      {answer.holders_left_out > 0 && (
        <p class="dim">{t('holders_left_out', { n: answer.holders_left_out, shown: answer.holders.length })}</p>
      )}
      {n === 0 && <NoLeases last={answer.last_lease_at} />}
      <Gantt answer={answer} window={window} selected={selected} onMove={move} onSelect={setSelected} />
      <div aria-live="polite" class="card">
        {selected !== null && <BarCard bar={selected} />}
      </div>
      <p id="chart-help" class="dim">
        {answer.bins === null ? t('chart_help') : t('as_shares')}
      </p>
      <Legend />
      <BarTable answer={answer} />
    </section>
  );
}

interface ButtonsProps {
  readonly answer: LeasesData;
  readonly window: Window;
  readonly onMove: (window: Window) => void;
}

function Buttons({ answer, window, onMove }: ButtonsProps) {
  const { whole } = answer;
  const interruption = (key: 'n' | 'p') => onMove(afterKey(key, window, answer) ?? window);
  const buttons = [
    [t('zoom_in'), () => onMove(zoomed(window, 0.5, whole))],
    [t('zoom_out'), () => onMove(zoomed(window, 2, whole))],
    [t('whole'), () => onMove(whole)],
    [t('earlier'), () => onMove(moved(window, -1, whole))],
    [t('later'), () => onMove(moved(window, 1, whole))],
    [t('previous_interruption'), () => interruption('p')],
    [t('next_interruption'), () => interruption('n')],
  ] as const;
  return (
    <div class="line">
      {buttons.map(([name, act]) => (
        <button key={name} type="button" onClick={act}>
          {name}
        </button>
      ))}
    </div>
  );
}

function NoLeases({ last }: { readonly last: string | null }) {
  if (last === null && route.value.params.has('agent')) return <NoneMatch />;
  return (
    <p>
      {last === null ? (
        t('no_leases')
      ) : (
        <>
          {t('no_leases_last')} <Ago at={last} />
        </>
      )}
    </p>
  );
}

function BarCard({ bar }: { readonly bar: Bar }) {
  return (
    <p class="line">
      <b>
        <bdi>{bar.name}</bdi>
      </b>
      <span>{named(`bar_${KINDS[bar.kind] ?? 'other'}`)}</span>
      <Time at={iso(bar.from)} />
      {bar.until !== -1 && (
        <>
          – <Time at={iso(bar.until)} /> ({lasting(bar.until - bar.from)})
        </>
      )}
      {bar.silent !== -1 && <span class="bad">{t('silent_for', { time: lasting(bar.until - bar.silent) })}</span>}
      {bar.refused !== -1 && <span class="mark">▼ {t('bar_refused')}</span>}
      <EventLink id={bar.eventId} />
    </p>
  );
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function Legend() {
  return (
    <ul class="legend">
      {KINDS.map((kind) => (
        <li key={kind}>
          <i class={`swatch swatch-${kind}`} aria-hidden="true" /> {t(`bar_${kind}` as TextName)}
        </li>
      ))}
      <li>
        <i class="swatch swatch-silent" aria-hidden="true" /> {t('bar_silent')}
      </li>
      <li>
        <span class="mark">▼</span> {t('bar_refused')}
      </li>
    </ul>
  );
}

const TABLE_MAX = 200;

/** The same for those who do not see the chart. */
function BarTable({ answer }: { readonly answer: LeasesData }) {
  if (answer.bars === null || answer.bars.length === 0) return null;
  const rows = layoutOf(answer, 0, () => 0).rows.flatMap(({ label, bars }) => bars.map((bar) => ({ label, bar })));
  return (
    <details>
      <summary>{t('as_table')}</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={t('as_table')}>
        <table>
          <thead>
            <tr>
              <th>{t('event')}</th>
              <th>{t('agent')}</th>
              <th>{t('task')}</th>
              <th>{t('status')}</th>
              <th>{t('since')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, TABLE_MAX).map(({ label, bar }) => (
              <tr key={bar.eventId}>
                <td>
                  <EventLink id={bar.eventId} />
                </td>
                <td>
                  <bdi>{label}</bdi>
                </td>
                <td>
                  <bdi>{bar.name}</bdi>
                </td>
                <td>{named(`bar_${KINDS[bar.kind] ?? 'other'}`)}</td>
                <td>
                  <Ago at={new Date(bar.from).toISOString()} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <ShownOf shown={TABLE_MAX} total={rows.length} />
    </details>
  );
}
