import type { AgentRow, AgentsAnswer } from '../../api/agents.ts';
import { Answer } from '../parts/answer.tsx';
import { AgentLink, TaskLink } from '../parts/links.tsx';
import { ShownOf } from '../parts/shown-of.tsx';
import { Ago } from '../parts/times.tsx';
import { linkTo } from '../state/route.ts';
import type { Wire } from '../state/wire.ts';
import { count, t } from '../text/text.ts';
import { lasting } from '../text/time.ts';

const PERCENT = 100;

/** Whether each agent can be relied on. */
export function Agents() {
  return (
    <>
      <h2>{t('agents')}</h2>
      <Answer<AgentsAnswer> name="agents" params={new URLSearchParams()}>
        {({ rows, left_out: leftOut }) => (
          <>
            {rows.length === 0 ? <p class="dim">{t('no_agents')}</p> : <AgentTable rows={rows} />}
            {leftOut > 0 && <p class="dim">{t('agents_left_out', { n: leftOut })}</p>}
          </>
        )}
      </Answer>
    </>
  );
}

function AgentTable({ rows }: { readonly rows: readonly Wire<AgentRow>[] }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t('agents')}>
      <table id="agents">
        <thead>
          <tr>
            <th>{t('agent')}</th>
            <th>{t('last_seen')}</th>
            <th>{t('holds')}</th>
            <th>{t('outcomes')}</th>
            <th>{t('succeeded')}</th>
            <th>{t('failed')}</th>
            <th>{t('interrupted')}</th>
            <th>{t('refused')}</th>
            <th>{t('median')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((agent) => (
            <tr key={agent.name}>
              <td>
                <AgentLink name={agent.name} />{' '}
                <small class="dim">{[agent.status, ...agent.roles].filter((one) => one !== null).join(', ')}</small>
              </td>
              <td>
                <Ago at={agent.last_seen_at} />
              </td>
              <td>
                {agent.holds.map(({ event_id: id, task }) => (
                  <div key={id}>{task !== null && <TaskLink task={task} />}</div>
                ))}
                <ShownOf
                  shown={agent.holds.length}
                  total={agent.held_count}
                  href={linkTo('tasks', { held_by: agent.name })}
                />
              </td>
              <td class="num">
                {agent.leases > 0 ? (
                  <a href={linkTo('leases', { agent: agent.name, from: '0' })}>{count(agent.leases)}</a>
                ) : (
                  count(0)
                )}
              </td>
              <td class="num">{count(agent.succeeded)}</td>
              <td class="num">{count(agent.failed)}</td>
              <td class="num">
                {count(agent.interrupted)}
                {agent.leases > 0 && (
                  <span class="dim"> {Math.round((PERCENT * agent.interrupted) / agent.leases)} %</span>
                )}
              </td>
              <td class="num">{count(agent.refused)}</td>
              <td class="num">{agent.median_ms !== null && lasting(agent.median_ms)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
