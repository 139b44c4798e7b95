import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { language, theme } from '../state/preferences.ts';
import { t } from '../text/text.ts';
import { layoutOf, type Bar, type Leases, type Window } from './layout.ts';
import { afterKey, around, barAt, moved } from './moves.ts';
import { coloursOf, paint, paintOverview, widthOn } from './paint.ts';

interface GanttProps {
  readonly answer: Leases;
  readonly window: Window;
  readonly selected: Bar | null;
  readonly onMove: (window: Window) => void;
  readonly onSelect: (bar: Bar | null) => void;
}

/** The chart: who held what, when. All that it tells is in a table, too. */
export function Gantt({ answer, window, selected, onMove, onSelect }: GanttProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const overview = useRef<HTMLCanvasElement>(null);
  const width = useWidth(canvas);
  const layout = useMemo(() => layoutOf(answer, width, widthOn(canvas.current)), [answer, width]);
  const drag = useRef<{ readonly x: number; readonly window: Window } | null>(null);
  useEffect(() => {
    if (canvas.current === null || overview.current === null || width === 0) return;
    const colours = coloursOf(document.body);
    paint(canvas.current, { answer, layout, window, selected, language: language.value }, colours);
    paintOverview(overview.current, { answer, layout, window }, colours);
  }, [answer, layout, window, selected, width, theme.value, language.value]);
  const inner = width - layout.labelWidth;
  const select = (event: MouseEvent) => {
    const { offsetX: x, offsetY: y } = event;
    onSelect(barAt({ layout, window, end: answer.whole.end }, { x, y, width }));
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter')
      return onSelect(
        nextBar(
          layout.rows.flatMap(({ bars }) => bars),
          window,
          selected,
        ),
      );
    const next = afterKey(event.key, window, answer);
    if (next === null) return;
    event.preventDefault();
    event.stopPropagation();
    onMove(next);
  };
  return (
    <>
      <canvas
        id="chart"
        ref={canvas}
        tabIndex={0}
        role="application"
        aria-label={t('chart')}
        aria-describedby="chart-help chart-count"
        onKeyDown={onKey}
        onClick={select}
        onPointerDown={(event) => (drag.current = { x: event.clientX, window })}
        onPointerMove={(event) => {
          if (drag.current === null || event.buttons === 0) return;
          onMove(moved(drag.current.window, (drag.current.x - event.clientX) / inner, answer.whole));
        }}
        onPointerUp={() => (drag.current = null)}
      />
      <small class="dim">{t('overview')}</small>
      <canvas
        id="overview"
        ref={overview}
        role="img"
        aria-label={t('overview')}
        onClick={({ offsetX }) => {
          const { begin, end } = answer.whole;
          onMove(
            around(window, begin + ((end - begin) * Math.max(0, offsetX - layout.labelWidth)) / Math.max(1, inner)),
          );
        }}
      />
    </>
  );
}

function useWidth(element: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const { current } = element;
    if (current === null) return;
    const observer = new ResizeObserver(() => setWidth(current.clientWidth));
    observer.observe(current);
    setWidth(current.clientWidth);
    return () => observer.disconnect();
  }, []);
  return width;
}

/** By keyboard: the bars in view, one after the other. */
function nextBar(bars: readonly Bar[], { begin, end }: Window, selected: Bar | null): Bar | null {
  const inView = bars.filter(({ from, until }) => from <= end && (until === -1 || until >= begin));
  const at = inView.findIndex(({ eventId }) => eventId === selected?.eventId);
  return inView[at + 1] ?? inView[0] ?? null;
}
