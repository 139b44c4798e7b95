// Keeps what Node compiles of this program in a folder of the user, so that the next command starts faster.
// No `import`: it reads all names of a module of Node, and loads what is behind them. The guard has refused a Node that
// is too old for this; a hook, which has no guard, says that it failed, and ends well.
const { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync } = process.getBuiltinModule('node:fs');
const { enableCompileCache } = process.getBuiltinModule('node:module');
const paths = process.getBuiltinModule('node:path');

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;
const OWNER = 0o700;
const STICKY = 0o1000;
/** Two copies of the program have some 170 files when every command was called. */
const FILES_MAX = 300;

/** Without a folder for it the program starts slower, and does the same. */
export function keepCompiledCode() {
  const { NODE_COMPILE_CACHE, NODE_DISABLE_COMPILE_CACHE } = process.env;
  // To Node, the second is set even if it is empty.
  if (NODE_COMPILE_CACHE || NODE_DISABLE_COMPILE_CACHE !== undefined) return;
  // What Node made under such a umask, its owner could not use, nor could any later command.
  if ((process.umask() & OWNER) !== 0) return;
  try {
    const folder = privateFolder(cacheHome());
    if (folder === undefined) return;
    emptyIfFull(folder);
    enableCompileCache(folder);
  } catch {
    // The folder cannot be created: the home folder is missing or read-only. Or another process empties it, too.
  }
}

function cacheHome() {
  const { XDG_CACHE_HOME = '', HOME = '' } = process.env;
  if (paths.isAbsolute(XDG_CACHE_HOME)) return XDG_CACHE_HOME;
  return paths.isAbsolute(HOME) ? paths.join(HOME, '.cache') : undefined;
}

/**
 * The folder of this program in the cache folder. Node runs what it finds there. So it is not used if another user can
 * write in it, or can put another folder in its place.
 */
function privateFolder(home) {
  if (home === undefined || process.geteuid === undefined) return undefined;
  const place = existsSync(home)
    ? realpathSync(home)
    : paths.join(realpathSync(paths.dirname(home)), paths.basename(home));
  const folder = paths.join(place, 'agent-orchestrator');
  // Before anything is created: root may have the HOME of a user, who could not use a folder of root.
  if (!onlyOursToChange(folder)) return undefined;
  makeFolder(place);
  makeFolder(folder);
  const isPrivate = realpathSync(folder) === folder && (statSync(folder).mode & OTHERS) === 0;
  // Again: in a sticky folder, another user can have created the cache folder in between.
  return isPrivate && onlyOursToChange(folder) ? folder : undefined;
}

/** Whether what exists of this path belongs to this user or to root, and only they can replace what is in it. */
function onlyOursToChange(path) {
  const { uid, mode } = statSync(path, { throwIfNoEntry: false }) ?? { uid: 0, mode: 0 };
  const isFixed = (mode & OTHERS_WRITE) === 0 || (mode & STICKY) !== 0;
  if (!isFixed || (uid !== 0 && uid !== process.geteuid())) return false;
  return path === paths.dirname(path) || onlyOursToChange(paths.dirname(path));
}

/** Not recursive: in /proc, Node would try for ever. */
function makeFolder(path) {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch {
    // It exists; if it does not, `privateFolder` finds that out.
  }
}

/** Node removes nothing: not the files of an older build or Node, nor those that a full disk left without content. */
function emptyIfFull(folder) {
  // One folder for each Node.
  const folders = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => paths.join(folder, name));
  const files = folders.reduce((sum, path) => sum + readdirSync(path).length, 0);
  if (files > FILES_MAX) for (const path of folders) rmSync(path, { recursive: true, force: true });
}
