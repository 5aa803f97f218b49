// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Property strings that the schemas give a name instead of their parts.
 *
 * Source: qm.conf(5), pct.conf(5), vzdump(1) and the schemas' own answers, which name the parts of some.
 */
import { Reader, Shapes } from './notation.ts'
import type { Schema } from './types.ts'

const HEX = '~0x[0-9a-fA-F]{4}~'

const NAMED: Readonly<Record<string, string>> = {
  'backup-fleecing': 'enabled?=b* storage?=s:pve-storage-id',
  'backup-performance': 'max-workers?=i<1..256> pbs-entries-max?=i<1..>',
  'prune-backups':
    'keep-all?=b keep-daily?=i<0..> keep-hourly?=i<0..> keep-last?=i<0..> keep-monthly?=i<0..> keep-weekly?=i<0..> keep-yearly?=i<0..>',
  'pve-qm-boot': 'legacy?=s*~[acdn]{1,4}~ order?=s',
  'pve-qm-cicustom':
    'meta?=s:pve-volume-id network?=s:pve-volume-id user?=s:pve-volume-id vendor?=s:pve-volume-id',
  'pve-qm-hostpci': `device-id?=s${HEX} driver?=s(keep|vfio) host?=s* legacy-igd?=b mapping?=s:pve-configid mdev?=s pcie?=b rombar?=b romfile?=s sub-device-id?=s${HEX} sub-vendor-id?=s${HEX} vendor-id?=s${HEX} x-vga?=b`,
  'pve-qm-ipconfig': 'gw?=s:ipv4!ip gw6?=s:ipv6!ip6 ip?=s:pve-ipv4-config ip6?=s:pve-ipv6-config',
  'pve-qm-rng': 'max_bytes?=i period?=i source=s*(/dev/urandom|/dev/random|/dev/hwrng)',
  'pve-qm-smbios1':
    'base64?=b family?=s manufacturer?=s product?=s serial?=s sku?=s uuid?=s version?=s',
  'pve-qm-watchdog':
    'action?=s(reset|shutdown|poweroff|pause|debug|none) model?=s*(i6300esb|ib700)',
  'pve-vm-cpu-conf':
    'cputype?=s* flags?=s guest-phys-bits?=i<32..64> hidden?=b hv-vendor-id?=s~[a-zA-Z0-9]{1,12}~ level?=i phys-bits?=s reported-model?=s',
}

const read = new Map<string, Schema['parts']>()

/** The parts of a property string of that name; undefined for other formats. */
export function namedParts(format: string): Schema['parts'] {
  const notation = NAMED[format]
  if (notation === undefined || read.has(format)) return read.get(format)
  const parts = new Reader(notation, new Shapes([], '9.2')).parts()
  read.set(format, parts)
  return parts
}
