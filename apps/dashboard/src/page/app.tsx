import { useEffect, useRef } from 'preact/hooks';
import { Header, Warning } from './parts/header.tsx';
import { Help } from './parts/help.tsx';
import { TimeTravel } from './parts/time-travel.tsx';
import { Agents } from './pages/agents.tsx';
import { Event } from './pages/event.tsx';
import { Events } from './pages/events.tsx';
import { Leases } from './pages/leases.tsx';
import { Now } from './pages/now.tsx';
import { Session } from './pages/session.tsx';
import { Task } from './pages/task.tsx';
import { Tasks } from './pages/tasks.tsx';
import { Trust } from './pages/trust.tsx';
import { meta } from './state/answers.ts';
import { at, route } from './state/route.ts';
import { t } from './text/text.ts';

const VIEWS = {
  now: Now,
  tasks: Tasks,
  task: Task,
  session: Session,
  leases: Leases,
  agents: Agents,
  events: Events,
  event: Event,
  trust: Trust,
};

export function App() {
  const { page, params } = route.value;
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const subject = params.get('id');
  useEffect(() => {
    // A reader of the screen hears that another page is there; the first load keeps its place.
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
    scrollTo(0, 0);
  }, [page, subject]);
  const View = VIEWS[page];
  const others = meta.value?.other_namespaces ?? [];
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        {t('skip')}
      </a>
      <Header />
      <Warning />
      <main id="main" ref={main} tabIndex={-1} class={at.value === null ? '' : 'past'} data-page={page}>
        <TimeTravel />
        <View key={`${page} ${subject ?? ''}`} />
        {others.length > 0 && <p class="dim">{t('other_namespaces', { names: others.join(', ') })}</p>}
      </main>
      <Help />
    </>
  );
}
