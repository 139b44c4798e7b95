import {
  AXIS,
  KINDS,
  LABEL,
  LABEL_MARGIN,
  LANE,
  tickLabel,
  ticksOf,
  type Bar,
  type Layout,
  type Leases,
  type Window,
} from './layout.ts';

/** The colours of the page, as a canvas takes them. */
export type Colours = Readonly<Record<(typeof COLOURS)[number], string>>;

const COLOURS = ['bg', 'panel', 'fg', 'dim', 'line', 'ok', 'bad', 'lost', 'run', 'hand', 'focus'] as const;
const OF_KIND = { succeeded: 'ok', failed: 'bad', interrupted: 'lost', running: 'run', other: 'hand' } as const;

/** What is drawn. */
export interface Scene {
  readonly answer: Leases;
  readonly layout: Layout;
  readonly window: Window;
  readonly selected: Bar | null;
  readonly language: string;
}

const TICK_WIDTH = 90;
const LABEL_LEFT = 2;
const FONT = '13px system-ui, "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "Noto Sans CJK KR", sans-serif';

/** The colours of the theme that the page has now. */
export function coloursOf(element: HTMLElement): Colours {
  const probe = document.createElement('i');
  element.append(probe);
  const entries = COLOURS.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(entries) as Colours;
}

/** How wide a text is on the chart, in pixels. */
export function widthOn(canvas: HTMLCanvasElement | null): (text: string) => number {
  const context = canvas?.getContext('2d') ?? null;
  return (text) => {
    if (context === null) return 0;
    context.font = FONT;
    return context.measureText(text).width;
  };
}

/** Draws all of it: with at most two thousand bars it is faster than to find out what changed. */
export function paint(canvas: HTMLCanvasElement, scene: Scene, colours: Colours): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const ratio = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, scene.layout.height];
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = colours.panel;
  context.fillRect(0, 0, width, height);
  context.font = FONT;
  context.textBaseline = 'middle';
  paintAxis(context, scene, colours, width);
  for (const [index, row] of scene.layout.rows.entries()) {
    paintLabel(context, scene, colours, { index, width });
    context.save();
    context.beginPath();
    context.rect(scene.layout.labelWidth, row.top, width - scene.layout.labelWidth, row.height);
    context.clip();
    if (scene.answer.bins === null)
      for (const bar of row.bars) paintBar(context, scene, colours, { bar, top: row.top, width });
    else paintBins(context, scene, colours, { index, width });
    context.restore();
  }
}

/** Where a time is, in pixels. */
export function xOf({ layout, window }: Pick<Scene, 'layout' | 'window'>, time: number, width: number): number {
  return layout.labelWidth + ((time - window.begin) / (window.end - window.begin)) * (width - layout.labelWidth);
}

function paintAxis(context: CanvasRenderingContext2D, scene: Scene, colours: Colours, width: number): void {
  const { ticks, step } = ticksOf(
    scene.window,
    Math.max(2, Math.floor((width - scene.layout.labelWidth) / TICK_WIDTH)),
  );
  context.textAlign = 'center';
  for (const tick of ticks) {
    const x = Math.round(xOf(scene, tick, width));
    context.fillStyle = colours.line;
    context.fillRect(x, AXIS - 4, 1, scene.layout.height);
    context.fillStyle = colours.dim;
    const label = tickLabel(tick, step, scene.language);
    // Beside the edge of the chart it would be cut.
    const half = context.measureText(label).width / 2;
    context.fillText(label, Math.min(Math.max(x, half), width - half), AXIS / 2);
  }
}

function paintLabel(
  context: CanvasRenderingContext2D,
  { layout }: Scene,
  colours: Colours,
  { index, width }: { readonly index: number; readonly width: number },
): void {
  const row = layout.rows[index];
  if (row === undefined) return;
  context.textAlign = 'left';
  context.fillStyle = colours.fg;
  const y = layout.labelWidth === 0 ? row.top - LABEL / 2 : row.top + LANE / 2 + 2;
  const most = (layout.labelWidth === 0 ? width : layout.labelWidth) - LABEL_MARGIN;
  context.fillText(
    cut(row.label, (text) => context.measureText(text).width <= most),
    LABEL_LEFT,
    y,
  );
}

/** A text that fits: what is left out is told by an ellipsis. */
export function cut(text: string, fits: (text: string) => boolean): string {
  if (fits(text)) return text;
  const letters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  while (letters.length > 0 && !fits(`${letters.join('')}…`)) letters.pop();
  return `${letters.join('')}…`;
}

interface BarPlace {
  readonly bar: Bar;
  readonly top: number;
  readonly width: number;
}

function paintBar(
  context: CanvasRenderingContext2D,
  scene: Scene,
  colours: Colours,
  { bar, top, width }: BarPlace,
): void {
  const end = bar.until === -1 ? scene.answer.whole.end : bar.until;
  const [from, until] = [xOf(scene, bar.from, width), xOf(scene, end, width)];
  const y = top + bar.lane * LANE;
  const high = LANE - 3;
  context.fillStyle = colours[OF_KIND[KINDS[bar.kind] ?? 'other']];
  context.fillRect(from, y, Math.max(2, until - from), high);
  if (bar.silent !== -1) {
    // From the last sign of life until another process ended it.
    const silent = xOf(scene, bar.silent, width);
    context.fillStyle = colours.bad;
    context.fillRect(silent, y, Math.max(2, until - silent), high);
    context.fillStyle = colours.panel;
    for (let x = silent + 3; x < until; x += 6) context.fillRect(x, y, 2, high);
  }
  if (bar.refused !== -1) {
    const x = xOf(scene, bar.refused, width);
    context.beginPath();
    context.moveTo(x - 6, y);
    context.lineTo(x + 6, y);
    context.lineTo(x, y + 10);
    context.closePath();
    // It is told from each colour of the bar beneath it.
    context.strokeStyle = colours.panel;
    context.lineWidth = 3;
    context.stroke();
    context.fillStyle = colours.fg;
    context.fill();
  }
  if (scene.selected?.eventId === bar.eventId) {
    context.strokeStyle = colours.focus;
    context.lineWidth = 2;
    context.strokeRect(from - 2, y - 2, Math.max(6, until - from + 4), high + 4);
  }
}

const SHARES_HEIGHT = 30;
const LOST_HEIGHT = 8;

/** Each column has the shares of time; below it, a mark tells of interruptions, which would be too thin to see. */
function paintBins(
  context: CanvasRenderingContext2D,
  { answer, layout, window }: Scene,
  colours: Colours,
  { index, width }: { readonly index: number; readonly width: number },
): void {
  const { bins } = answer;
  const row = layout.rows[index];
  if (bins === null || row === undefined) return;
  const length = (answer.window.end - answer.window.begin) / bins.count;
  for (let bin = 0; bin < bins.count; bin += 1) {
    const begin = answer.window.begin + bin * length;
    const from = xOf({ layout, window }, begin, width);
    const wide = Math.max(1, xOf({ layout, window }, begin + length, width) - from);
    let y = row.top + SHARES_HEIGHT;
    for (const [kind, shares] of (bins.shares[index] ?? []).entries()) {
      const high = Math.min(1, shares[bin] ?? 0) * SHARES_HEIGHT;
      y -= high;
      context.fillStyle = colours[OF_KIND[KINDS[kind] ?? 'other']];
      context.fillRect(from, Math.max(row.top, y), wide, high);
    }
    if ((bins.interruptions[index]?.[bin] ?? 0) === 0) continue;
    context.fillStyle = colours.bad;
    context.fillRect(from, row.top + SHARES_HEIGHT + 2, Math.max(2, wide), LOST_HEIGHT);
  }
}

const OVERVIEW_HEIGHT = 40;

/** All leases, and the window in them. Its time begins where that of the chart does, beside the names. */
export function paintOverview(
  canvas: HTMLCanvasElement,
  { answer, layout, window }: Pick<Scene, 'answer' | 'layout' | 'window'>,
  colours: Colours,
): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const ratio = devicePixelRatio;
  const left = layout.labelWidth;
  const width = canvas.clientWidth - left;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(OVERVIEW_HEIGHT * ratio);
  context.setTransform(ratio, 0, 0, ratio, left * ratio, 0);
  context.fillStyle = colours.bg;
  context.fillRect(0, 0, width, OVERVIEW_HEIGHT);
  const { leases, interruptions } = answer.overview;
  const most = Math.max(1, ...leases);
  const wide = width / leases.length;
  for (const [bin, count] of leases.entries()) {
    const high = (count / most) * (OVERVIEW_HEIGHT - LOST_HEIGHT - 2);
    context.fillStyle = colours.dim;
    context.fillRect(bin * wide, OVERVIEW_HEIGHT - LOST_HEIGHT - 2 - high, wide, high);
    if ((interruptions[bin] ?? 0) === 0) continue;
    context.fillStyle = colours.bad;
    context.fillRect(bin * wide, OVERVIEW_HEIGHT - LOST_HEIGHT, Math.max(1, wide), LOST_HEIGHT);
  }
  const { begin, end } = answer.whole;
  const x = (time: number) => (width * (time - begin)) / Math.max(1, end - begin);
  context.strokeStyle = colours.focus;
  context.lineWidth = 2;
  context.strokeRect(x(window.begin) + 1, 1, Math.max(4, x(window.end) - x(window.begin) - 2), OVERVIEW_HEIGHT - 2);
}
