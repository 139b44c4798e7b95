import { linkTo } from '../state/route.ts';
import { named } from '../text/text.ts';

interface TaskLinkProps {
  readonly task: { readonly id: string | null; readonly number: number | null; readonly title?: string | null };
}

/** The number of a task, and its title as its author wrote it. */
export function TaskLink({ task: { id, number, title } }: TaskLinkProps) {
  if (id === null) return null;
  return (
    <a href={linkTo('task', { id })}>
      <span class="mono">{number === null ? id : `t${number}`}</span>
      {title !== null && title !== undefined && <bdi> {title}</bdi>}
    </a>
  );
}

export function SessionLink({ id, number }: { readonly id: string | null; readonly number?: number | null }) {
  if (id === null) return null;
  return (
    <a class="mono" href={linkTo('session', { id })}>
      {number === null || number === undefined ? id : `s${number}`}
    </a>
  );
}

export function EventLink({ id }: { readonly id: number | null }) {
  if (id === null) return null;
  return (
    <a class="mono num" href={linkTo('event', { id: String(id) })}>
      #{id}
    </a>
  );
}

export function AgentLink({ name }: { readonly name: string | null }) {
  if (name === null) return null;
  return (
    <a href={linkTo('events', { agent: name })}>
      <bdi>{name}</bdi>
    </a>
  );
}

const GLYPHS: Readonly<Record<string, readonly [glyph: string, colour: string]>> = {
  scheduled: ['◔', 'run'],
  blocked: ['◌', 'lost'],
  queued: ['○', 'run'],
  running: ['▶', 'run'],
  waiting: ['?', 'hand'],
  in_review: ['◎', 'hand'],
  succeeded: ['✓', 'ok'],
  failed: ['✗', 'bad'],
  cancelled: ['⊘', 'lost'],
  asked: ['?', 'hand'],
  review_requested: ['◎', 'hand'],
  handed_off: ['→', 'hand'],
  released: ['←', 'hand'],
  recovered: ['◌', 'lost'],
  taken_over: ['◌', 'lost'],
};

/** A glyph, and always the word. */
export function Status({ name }: { readonly name: string }) {
  const [glyph, colour] = GLYPHS[name] ?? ['·', 'dim'];
  return (
    <span class={`status ${colour}`}>
      <span aria-hidden="true">{glyph}</span> {named(name)}
    </span>
  );
}
