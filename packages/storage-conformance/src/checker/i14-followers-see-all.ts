import type { Event } from '@agent-orchestrator/core';
import { groupBy, type History } from './history.ts';
import type { Followed, Journal } from '@agent-orchestrator/core/journal';
import { violation, type Violation } from './violation.ts';

/** I14. The pages of a follower, one run of it after the other, are the namespace's log without a gap. */
export function followersSeeAll({ journals, events }: History): Violation[] {
  const byNamespace = groupBy(events, ({ namespace }) => namespace);
  return [...pagesByFollower(journals).entries()].flatMap(([follower, pages]) =>
    checkFollower(follower, pages, byNamespace.get(pages[0]?.namespace ?? '') ?? []),
  );
}

function pagesByFollower(journals: readonly Journal[]): Map<string, Followed[]> {
  const pages = journals.flatMap((journal) => {
    const started = journal.find((line) => line.is === 'started');
    return journal.flatMap((line) => (line.is === 'followed' ? { follower: started?.agent ?? '', line } : []));
  });
  const groups = groupBy(pages, ({ follower, line }) => `${follower} in ${line.namespace}`);
  return new Map(
    [...groups].map(([key, group]) => [key, group.map(({ line }) => line).toSorted((a, b) => a.at - b.at)]),
  );
}

function checkFollower(follower: string, pages: readonly Followed[], log: readonly Event[]): Violation[] {
  const found: Violation[] = [];
  const byId = new Map(log.map((event) => [event.id, event]));
  const from = pages[0]?.after ?? 0;
  let last = from;
  const seen = new Set<number>();
  for (const seenEvent of pages.flatMap(({ events }) => events)) {
    const { id } = seenEvent;
    const logged = byId.get(id);
    if (seen.has(id)) found.push(violation('I14', [seenEvent], `${follower} saw event ${id} twice.`));
    else if (id <= last) found.push(violation('I14', [seenEvent], `${follower} saw event ${id} after event ${last}.`));
    if (logged === undefined || logged.hash !== seenEvent.hash || logged.seq !== seenEvent.seq)
      found.push(violation('I14', [seenEvent], `${follower} saw an event ${id} that is not in the log.`));
    seen.add(id);
    last = Math.max(last, id);
  }
  const missed = log.filter(({ id }) => id > from && id <= last && !seen.has(id));
  if (missed.length > 0)
    found.push(violation('I14', missed, `${follower} never saw ${missed.length} events before event ${last}.`));
  return found;
}
