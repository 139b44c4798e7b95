/**
 * Where a SQLite file is safe:
 * - network file systems are refused, by number and by name
 * - FUSE may be anything, so only names pass that are known to be local, and to show a file once
 * - the mount that counts is the deepest one that holds the folder
 */
import { describe, expect, test } from 'vitest';
import { assertSafeVersion } from '../src/connection.ts';
import { mountOf, unsafeFileSystem } from '../src/file/file-system.ts';

const FUSE = 0x65735546;
const EXT4 = 0xef53;

describe('unsafeFileSystem', () => {
  test.each([
    [0x6969, 'nfs4', 'NFS'],
    [0x517b, 'smbfs', 'SMB'],
    [0xff534d42, 'cifs', 'CIFS'],
    [0xfe534d42, 'smb3', 'SMB2'],
    [0x01021997, '9p', '9P'],
    [0x00c36400, 'ceph', 'Ceph'],
    [FUSE, 'fuse.sshfs', 'fuse.sshfs'],
    [FUSE, 'fuse.rclone', 'fuse.rclone'],
    [FUSE, 'fuse.bindfs', 'fuse.bindfs'],
    [FUSE, 'fuse.portal', 'fuse.portal'],
    [FUSE, 'fuse.fuse-overlayfs', 'fuse.fuse-overlayfs'],
    [FUSE, 'fuse.gocryptfs', 'fuse.gocryptfs'],
    [FUSE, 'virtiofs', 'virtiofs'],
    [FUSE, null, 'FUSE'],
    [EXT4, 'fuse.osxfs', 'fuse.osxfs'],
  ])('%d %s is refused', (magic, type, name) => {
    expect(unsafeFileSystem({ magic, type })).toBe(name);
  });

  test.each([
    [EXT4, 'ext4'],
    [0x01021994, 'tmpfs'],
    [0x9123683e, 'btrfs'],
    [0x794c7630, 'overlay'],
    [0x58465342, 'xfs'],
    [0x2fc12fc1, 'zfs'],
    [FUSE, 'fuseblk'],
    [FUSE, 'fuse.ntfs-3g'],
    [EXT4, null],
  ])('%d %s is fine', (magic, type) => {
    expect(unsafeFileSystem({ magic, type })).toBeNull();
  });
});

test('the mount that counts is the deepest and latest one over the folder', () => {
  const mountinfo = [
    '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
    '30 22 0:40 / /home rw - nfs4 server:/home rw',
    '31 30 0:41 / /home/me rw - ext4 /dev/vdb rw',
    '32 22 0:42 / /mnt/two\\040words rw - fuse.sshfs host: rw',
    '33 22 0:43 / /srv rw - ext4 /dev/vdc rw',
    '34 22 0:44 / /srv rw - cifs //server/share rw',
  ].join('\n');

  expect(mountOf(mountinfo, '/home/you/data')?.type).toBe('nfs4');
  expect(mountOf(mountinfo, '/home/me/data')?.type).toBe('ext4');
  expect(mountOf(mountinfo, '/homestead')?.type).toBe('ext4');
  expect(mountOf(mountinfo, '/mnt/two words/data')?.type).toBe('fuse.sshfs');
  expect(mountOf(mountinfo, '/srv/data')?.type).toBe('cifs');
  expect(mountOf('', '/srv')).toBeNull();
});

test.each(['3.51.2', '3.40.1', '2.9.9'])('SQLite %s is refused', (version) => {
  expect(() => assertSafeVersion(version)).toThrow(expect.objectContaining({ code: 'STORE_UNSUITABLE' }));
});

test.each(['3.51.3', '3.52.0', '4.0.0'])('SQLite %s is fine', (version) => {
  expect(() => assertSafeVersion(version)).not.toThrow();
});
