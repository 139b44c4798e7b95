import { readFileSync, statfsSync } from 'node:fs';

/**
 * SQLite's write-ahead log needs shared memory and locks that all processes see at once. Over a network neither is
 * guaranteed, and the file could be damaged without an error.
 */
const NETWORK_MAGICS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9P'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'kAFS'],
  [0x73757245, 'Coda'],
  [0x564c, 'NCP'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x786f4256, 'VirtualBox shared folder'],
  [0xbacbacbc, 'VMware shared folder'],
]);

const NETWORK_TYPES = new RegExp(
  String.raw`^(nfs\d?|smb\d?|smbfs|cifs|9p|afs|coda|ncpfs|ceph|lustre|gpfs|gfs2?|ocfs2|glusterfs|beegfs|orangefs|` +
    'vboxsf|vmhgfs|prl_fs|virtiofs|davfs)$',
);

const FUSE_MAGIC = 0x65735546;

/**
 * By its number, FUSE may be anything from a local disk to another continent: only these names are known to be local.
 * Those that show files which lie elsewhere under a second name (bindfs, mergerfs, fuse-overlayfs), or can be mounted
 * twice (gocryptfs), are not among them: the locks of one name do not hold for the other.
 */
const LOCAL_FUSE = /^(fuseblk|fuse\.(ntfs-3g|exfat))$/;

/** What tells a file system: its number from `statfs`, its name from the mount table where that can be read. */
export interface FileSystem {
  readonly magic: number;
  readonly type: string | null;
}

/** The name of the file system if it is none on which a SQLite file is safe, else null. */
export function unsafeFileSystem({ magic, type }: FileSystem): string | null {
  const known = NETWORK_MAGICS.get(magic);
  if (known !== undefined) return known;
  if (type !== null && NETWORK_TYPES.test(type)) return type;
  const fuse = magic === FUSE_MAGIC || type?.startsWith('fuse') === true;
  return fuse && !LOCAL_FUSE.test(type ?? '') ? (type ?? 'FUSE') : null;
}

/** The file system under a folder. Only Linux numbers its file systems alike everywhere; elsewhere nothing is known. */
export function fileSystemOf(folder: string): FileSystem | null {
  if (process.platform !== 'linux') return null;
  return { magic: statfsSync(folder).type, type: mountOf(readMountTable(), folder)?.type ?? null };
}

/** A line of the mount table. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly readOnly: boolean;
}

/** The mount that a path lies in, from the text of `/proc/self/mountinfo`. */
export function mountOf(mountinfo: string, path: string): Mount | null {
  let best: Mount | null = null;
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const fields = before.split(' ');
    const point = fields[4]?.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    const type = after.split(' ')[0];
    if (point === undefined || type === undefined || type === '') continue;
    const covers = point === '/' || path === point || path.startsWith(`${point}/`);
    // Of two mounts at one point, the later one covers the earlier.
    if (covers && point.length >= (best?.point.length ?? 0))
      best = { point, type, readOnly: isReadOnly(fields[5]) || isReadOnly(after.split(' ')[2]) };
  }
  return best;
}

/** Whether a path is a mount of its own, by the text of `/proc/self/mountinfo`. */
export function hasMountAt(mountinfo: string, path: string): boolean {
  // Most openings need no more: the table is long where containers run.
  const letters = path.replace(/[\s\\#]+/g, ' ').split(' ');
  return letters.every((part) => mountinfo.includes(part)) && mountOf(mountinfo, path)?.point === path;
}

/** Of the mount or of its file system: `rw,relatime`. */
function isReadOnly(options = ''): boolean {
  return options.split(',').includes('ro');
}

/** The text of the mount table; empty where the system has none. */
export function readMountTable(): string {
  try {
    return readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return '';
  }
}
