// SPDX-License-Identifier: GPL-3.0-or-later
/** The lists of guests, the indexes under a guest, and what it is doing now. */
import type { Behaviours, Call } from '../contract.ts'
import { forGuests } from '../guests/guest.ts'
import { currentStatus, listEntry } from '../guests/status.ts'
import type { SimGuest } from '../world.ts'

// oxfmt-ignore
const BOTH_SUBDIRS = [
  'config', 'status', 'snapshot', 'firewall', 'rrd', 'rrddata', 'vncproxy', 'vncwebsocket', 'spiceproxy', 'termproxy',
  'migrate', 'feature', 'template', 'clone', 'resize', 'pending', 'mtunnel', 'mtunnelwebsocket', 'remote_migrate',
]
const QEMU_SUBDIRS = [
  ...BOTH_SUBDIRS,
  'agent',
  'monitor',
  'move_disk',
  'sendkey',
  'unlink',
  'cloudinit',
]
const LXC_SUBDIRS = [...BOTH_SUBDIRS, 'move_volume', 'interfaces']
const QEMU_STATUS = ['current', 'start', 'stop', 'reset', 'shutdown', 'suspend', 'reboot', 'resume']
const LXC_STATUS = ['current', 'start', 'stop', 'shutdown', 'reboot', 'suspend', 'resume']

/** Lists and states of guests. */
export const guestListBehaviours: Behaviours = {
  'GET /nodes/{node}/qemu': (call) => guestsOf(call, 'qemu'),
  'GET /nodes/{node}/lxc': (call) => guestsOf(call, 'lxc'),
  ...forGuests({
    'GET ': ({ guest }) => subdirs(guest.type === 'qemu' ? QEMU_SUBDIRS : LXC_SUBDIRS),
    'GET /status': ({ guest }) => subdirs(guest.type === 'qemu' ? QEMU_STATUS : LXC_STATUS),
    'GET /status/current': ({ world, guest }) => currentStatus(world, guest),
  }),
}

function guestsOf(call: Call, type: SimGuest['type']): unknown[] {
  const node = String(call.params['node'])
  return [...call.world.guests.values()]
    .filter((guest) => guest.type === type && guest.node === node)
    .filter((guest) => call.may(`/vms/${guest.vmid}`, 'VM.Audit'))
    .map((guest) => listEntry(call.world, guest))
}

function subdirs(names: readonly string[]): { subdir: string }[] {
  return names.map((subdir) => ({ subdir }))
}
