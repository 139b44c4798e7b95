import type { FileFacts } from '@agent-orchestrator/storage-sqlite';
import type { PlaceFacts, StoreFacts } from '../facts.ts';
import { draft, type Draft } from '../finding.ts';
import { modeWord } from '../words.ts';

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** Who else may read or change the store. */
export function checkPermissions({ place }: StoreFacts): Draft[] {
  if (place === null || place.kind === 'memory') return [];
  return place.kind === 'file' ? ofFiles(place.files) : ofLogin(place.login);
}

function ofFiles(files: readonly FileFacts[]): Draft[] {
  const known = files.filter((file): file is FileFacts & { mode: number } => file.mode !== null);
  if (known.length === 0) return [draft('permissions', 'notice', 'This system does not tell who may read the files.')];
  const isOpen = ({ role, mode }: (typeof known)[number]): boolean =>
    role === 'folder' ? (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0 : (mode & OTHERS) !== 0;
  const open = known.filter(isOpen);
  const exposed = open.filter(({ role }) => role !== 'folder');
  const folder = open.find(({ role }) => role === 'folder');
  const foreign = known.filter(({ role, isMine }) => role !== 'folder' && isMine === false);
  const found = [
    ...(exposed.length === 0
      ? []
      : [
          draft('permissions', 'warning', `Other users may open ${exposed.map(named).join(', ')}.`, {
            hint: 'Let their owner alone read and write them (mode 0600); `orchestrator doctor --fix` does that.',
            count: exposed.length,
            fix: exposed.some(({ isMine }) => isMine === true) ? 'tighten_files' : null,
          }),
        ]),
    ...(folder === undefined
      ? []
      : [
          draft('permissions', 'warning', `Other users may replace the store: they can write in ${named(folder)}.`, {
            hint: 'Let its owner alone write in that folder, or put the store into one of its own.',
            count: 1,
          }),
        ]),
    ...(foreign.length === 0
      ? []
      : [
          draft('permissions', 'notice', `${foreign.map(({ path }) => path).join(', ')}: of another user.`, {
            count: foreign.length,
          }),
        ]),
  ];
  const database = known.find(({ role }) => role === 'database');
  return found.length > 0 || database === undefined
    ? found
    : [draft('permissions', 'ok', `its owner alone may open it (${modeWord(database.mode)})`)];
}

function ofLogin({
  user,
  isSuperuser,
  isOwner,
  missing,
  excess,
}: Extract<PlaceFacts, { kind: 'server' }>['login']): Draft[] {
  if (missing.length > 0)
    return [
      draft('permissions', 'notice', `${user} may look on, but not work: it lacks ${missing.join(', ')}.`, {
        hint: 'That is right for a reader. An agent needs the role orchestrator_app.',
        count: missing.length,
      }),
    ];
  if (!isSuperuser && !isOwner && excess.length === 0)
    return [draft('permissions', 'ok', `${user} may do what an agent needs, and nothing to the log but add to it`)];
  const why = isSuperuser
    ? 'is a superuser'
    : isOwner
      ? 'may act as the owner of the tables'
      : `has ${excess.join(', ')}`;
  return [
    draft('permissions', 'warning', `${user} ${why}: it could change the event log.`, {
      hint: 'Give agents a login of their own in the role orchestrator_app; `orchestrator store init --roles` makes the roles.',
      count: excess.length,
    }),
  ];
}

function named({ path, mode }: { readonly path: string; readonly mode: number }): string {
  return `${path} (${modeWord(mode)})`;
}
