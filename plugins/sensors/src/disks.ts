// SPDX-License-Identifier: Apache-2.0
/** Capacity of file systems, as `df` prints it. Source: GNU coreutils manual, "df invocation". */

/**
 * The arguments of `df`. Bytes, fixed columns, and only file systems of this machine.
 *
 * Why: asking a network file system whose far end is gone would hang until the deadline.
 */
export const DF_ARGS = [
  '--block-size=1',
  '--local',
  '--output=source,fstype,size,used,avail,target',
] as const

/** One mounted file system. */
export interface Disk {
  readonly mountPoint: string
  readonly device: string
  readonly fileSystem: string
  readonly sizeBytes: number
  readonly usedBytes: number
  /** What an unprivileged program may still write; less than the rest where some is reserved. */
  readonly availableBytes: number
}

/** File systems that live in memory, show other ones, or are images: none of them is a disk. */
const NO_DISKS = new Set(
  [
    'tmpfs',
    'devtmpfs',
    'ramfs',
    'rootfs',
    'overlay',
    'aufs',
    'squashfs',
    'erofs',
    'iso9660',
  ].concat(
    ['efivarfs', 'autofs', 'proc', 'sysfs', 'fuse', 'fuse.lxcfs', 'fuse.snapfuse', 'fuse.portal'],
    ['fuse.gvfsd-fuse'],
  ),
)

/** Source and target may hold spaces, the three numbers between them may not. */
const ROW = /^(\S.*?) +(\S+) +(\d+) +(\d+) +(\d+) +(\/.*)$/

/** The disks in what `df` printed; rows of other file systems and rows without numbers are left out. */
export function parseDf(text: string): Disk[] {
  const rows = text.split('\n').map((line) => ROW.exec(line))
  return rows.flatMap((row) => {
    if (row === null || NO_DISKS.has(row[2]!) || row[3] === '0') return []
    const [sizeBytes, usedBytes, availableBytes] = row.slice(3, 6).map(Number)
    return [
      {
        mountPoint: row[6]!,
        device: row[1]!,
        fileSystem: row[2]!,
        sizeBytes: sizeBytes!,
        usedBytes: usedBytes!,
        availableBytes: availableBytes!,
      },
    ]
  })
}
