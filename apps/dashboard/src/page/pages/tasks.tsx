import type { TasksAnswer } from '../../api/tasks.ts';
import { Answer } from '../parts/answer.tsx';
import { SessionLink, Status, TaskLink } from '../parts/links.tsx';
import { filtersIn, NoneMatch } from '../parts/none-match.tsx';
import { Pager } from '../parts/pager.tsx';
import { Ago } from '../parts/times.tsx';
import { change, route, set, withoutMoment } from '../state/route.ts';
import type { Wire } from '../state/wire.ts';
import { named, t } from '../text/text.ts';

const STATUSES = [
  'scheduled',
  'blocked',
  'queued',
  'running',
  'waiting',
  'in_review',
  'succeeded',
  'failed',
  'cancelled',
];

/** The tasks, the newest first, with filters that the address has. */
export function Tasks() {
  const { params } = route.value;
  return (
    <>
      <h2>{t('tasks')}</h2>
      <Filters params={params} />
      <Answer<TasksAnswer> name="tasks" params={withoutMoment(params)}>
        {(answer) => <TaskTable answer={answer} />}
      </Answer>
    </>
  );
}

function Filters({ params }: { readonly params: URLSearchParams }) {
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        {t('status')}
        <select value={params.get('status') ?? ''} onChange={set('status')}>
          <option value="">{t('any')}</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {named(status)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t('kind')}
        <input value={params.get('kind') ?? ''} onChange={set('kind')} />
      </label>
      <label>
        {t('session')}
        <input value={params.get('session') ?? ''} onChange={set('session')} />
      </label>
      <label>
        {t('text')}
        <input data-filter type="search" value={params.get('text') ?? ''} onInput={set('text')} />
      </label>
      <label>
        {t('held_by')}
        <input value={params.get('held_by') ?? ''} onChange={set('held_by')} />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={params.get('handed_off') === 'true'}
          onChange={({ currentTarget }) => change({ handed_off: currentTarget.checked ? 'true' : null, before: null })}
        />
        {t('handed_off')}
      </label>
    </form>
  );
}

function TaskTable({ answer }: { readonly answer: Wire<TasksAnswer> }) {
  if (answer.rows.length === 0) return <NoTasks total={answer.total} />;
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={t('tasks')}>
        <table id="tasks">
          <thead>
            <tr>
              <th>{t('task')}</th>
              <th>{t('status')}</th>
              <th>{t('since')}</th>
              <th>{t('kind')}</th>
              <th>{t('session')}</th>
            </tr>
          </thead>
          <tbody>
            {answer.rows.map((task) => (
              <tr key={task.id}>
                <td>
                  <TaskLink task={task} />
                </td>
                <td>
                  <Status name={task.status} />
                  {task.handed_off && <span class="dim"> · {t('handed_off')}</span>}
                </td>
                <td>
                  <Ago at={task.changed_at} />
                </td>
                <td>
                  <bdi>{task.kind}</bdi>
                </td>
                <td>
                  <SessionLink id={task.session_id} number={task.session_number} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {answer.searched !== null && <p class="dim">{t('searched', { n: answer.searched })}</p>}
      <Pager next={answer.next} />
    </>
  );
}

function NoTasks({ total }: { readonly total: number }) {
  const isEmpty = total === 0 || filtersIn(route.value.params) === '';
  return isEmpty ? <p class="dim">{t('no_tasks')}</p> : <NoneMatch />;
}
