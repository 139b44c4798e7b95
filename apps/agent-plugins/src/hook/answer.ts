import { endConversation, fencesOf, noteProgress, registerHost, turnEnded } from '@agent-orchestrator/runtime';
import { cardOutput, type HookEvent } from './events.ts';

/** Does what an event asks for. @returns what the host has to read; empty: nothing */
export async function answer(event: HookEvent): Promise<string> {
  const { host: name, hostSession: conversation, transcript } = event;
  const host = registerHost({ name, conversation, transcript });
  switch (event.moment) {
    case 'session_start': {
      noteProgress(host);
      const [{ cardFor }, { placeOf }] = await Promise.all([import('./card.ts'), import('./place.ts')]);
      const card = await cardFor(await placeOf(host));
      return card === '' ? '' : cardOutput(event, card);
    }
    case 'turn_end':
      turnEnded(host);
      return save(event, false);
    case 'before_compaction':
      noteProgress(host);
      return save(event, false);
    case 'session_end':
      if (conversation !== null) endConversation(host, conversation);
      return save(event, !event.goesOn);
  }

  /** Most turns are about no task: then the store is not even opened. */
  async function save(ending: HookEvent, isOver: boolean): Promise<string> {
    if (fencesOf(host).length === 0) return '';
    const { saveTurn } = await import('./save-turn.ts');
    await saveTurn(host, ending, isOver);
    return '';
  }
}
