import type { TrustAnswer } from '../../api/trust.ts';
import { Answer } from '../parts/answer.tsx';
import { LeaseTable } from '../parts/lease-table.tsx';
import { AgentLink, EventLink, TaskLink } from '../parts/links.tsx';
import { Ago } from '../parts/times.tsx';
import { meta } from '../state/answers.ts';
import type { Wire } from '../state/wire.ts';
import { t } from '../text/text.ts';
import { lasting } from '../text/time.ts';

const PARAMS = new URLSearchParams();

/** Whether anything was done twice, and whether the log can be believed. */
export function Trust() {
  return (
    <>
      <h2>{t('trust')}</h2>
      <Answer<TrustAnswer> name="trust" params={PARAMS} isPassing={isComparing}>
        {(trust) => (
          <>
            <section id="checked-log">
              <h3>{t('checked_log')}</h3>
              {trust.mistake_count === 0 && meta.value?.phase !== 'live' ? (
                <p class="dim">◔ {t('checking', { id: String(trust.checked_id) })}</p>
              ) : (
                <Verdict
                  isGood={trust.mistake_count === 0}
                  good={t('checked_means', { id: String(trust.checked_id) })}
                  bad={t('checked_bad', { n: trust.mistake_count })}
                />
              )}
              {trust.chain_only > 0 && <p class="dim">{t('chain_only', { n: trust.chain_only })}</p>}
              <ul class="rows">
                {trust.mistakes.map(({ event_id: id, kind, message }) => (
                  <li key={id}>
                    <EventLink id={id} /> <b>{kind}</b>: <bdi>{message}</bdi>
                  </li>
                ))}
              </ul>
            </section>
            <VerifiedCard verified={trust.verified} />
            <section>
              <Proof
                title={t('held_twice')}
                events={trust.granted_while_held}
                none={t('held_twice_none', { n: trust.leases })}
              />
              <Proof
                title={t('done_twice')}
                events={trust.done_twice}
                none={t('done_twice_none', { n: trust.succeeded })}
              />
            </section>
            <section>
              <h3>
                {t('refused_title')} ({trust.refused_count})
              </h3>
              {trust.refused.length === 0 ? <p class="dim">{t('no_refused')}</p> : <LeaseTable rows={trust.refused} />}
            </section>
            <Repeats trust={trust} />
          </>
        )}
      </Answer>
    </>
  );
}

/** A comparison that ends is no change of the store. */
function isComparing({ verified }: Wire<TrustAnswer>): boolean {
  return verified.phase === 'running';
}

function Verdict({ isGood, good, bad }: { readonly isGood: boolean; readonly good: string; readonly bad: string }) {
  return <p class={isGood ? 'ok' : 'bad'}>{isGood ? `✓ ${good}` : `✗ ${bad}`}</p>;
}

function VerifiedCard({ verified }: { readonly verified: Wire<TrustAnswer>['verified'] }) {
  const { phase, findings, finding_count: total, problem } = verified;
  return (
    <section id="verified" data-phase={phase}>
      <h3>{t('verified')}</h3>
      {phase === 'running' && <p>{t('verify_running')}</p>}
      {phase === 'failed' && <p class="bad">{t('verify_failed', { error: problem ?? '' })}</p>}
      {verified.ended_at !== null && phase !== 'failed' && (
        <Verdict
          isGood={total === 0}
          good={t('verify_done', { events: verified.events })}
          bad={t('verify_bad', { n: total })}
        />
      )}
      <ul class="rows">
        {findings.map(({ kind, message }) => (
          <li key={message}>
            <b>{kind}</b>: <bdi>{message}</bdi>
          </li>
        ))}
      </ul>
      <p class="dim">
        {verified.ended_at !== null && (
          <>
            <Ago at={verified.ended_at} /> ·{' '}
          </>
        )}
        {t('verify_again')}
      </p>
    </section>
  );
}

interface ProofProps {
  readonly title: string;
  readonly events: readonly number[];
  readonly none: string;
}

function Proof({ title, events, none }: ProofProps) {
  return (
    <p>
      <b>{title}</b>:{' '}
      {events.length === 0 ? (
        <span class="ok">✓ {none}</span>
      ) : (
        <span class="bad line">
          ✗{' '}
          {events.map((id) => (
            <EventLink key={id} id={id} />
          ))}
        </span>
      )}
    </p>
  );
}

function Repeats({ trust: { repeats, repeat_count: total } }: { readonly trust: Wire<TrustAnswer> }) {
  return (
    <section id="repeats">
      <h3>
        {t('repeats')} ({total})
      </h3>
      <p class="dim">{t('repeats_help')}</p>
      {repeats.length === 0 && <p class="ok">✓ {t('no_repeats')}</p>}
      <ul class="rows">
        {repeats.map((lease) => (
          <li key={lease.event_id} class="line">
            <EventLink id={lease.event_id} />
            {lease.task !== null && <TaskLink task={lease.task} />}
            <AgentLink name={lease.agent} />
            <span class="lost">
              {t('unsaved_for')}{' '}
              {lasting(Date.parse(lease.ended_at ?? lease.granted_at) - Date.parse(lease.saved_at ?? lease.granted_at))}
              {lease.saved_at === null && ` (${t('never_saved')})`}
            </span>
            <Ago at={lease.ended_at} />
          </li>
        ))}
      </ul>
    </section>
  );
}
