// SPDX-License-Identifier: GPL-3.0-or-later
/** Inputs and outputs that jobs on guests and tasks must accept. */
import type { JobSamples } from '@sallyport/sdk/testing'

const guest = { node: 'pve1', vmid: 101 }
const upid = 'UPID:pve1:0000C346:00A0B0C0:68D7279C:qmstart:101:sallyport@pve!pve1:'
const task = { node: 'pve1', upid }
const changed = [
  { changed: true, upid, notes: ['the task ended with 1 warning'] },
  { changed: false, notes: ['it was so already'] },
]
const snapshot = { ...guest, snapshot: 'before-upgrade' }

/** By job type. */
export const GUEST_SAMPLES: Readonly<Record<string, JobSamples>> = {
  'guest.config': {
    inputs: [
      { ...guest, name: 'web.example.test', tags: ['prod', 'web'], cores: 2, memoryMiB: 512 },
      { ...guest, startup: 'order=1,up=30,down=60', onBoot: true, remove: ['description'] },
      { ...guest, template: true, protection: false },
    ],
    outputs: changed,
  },
  'guest.delete': { inputs: [guest, { ...guest, purge: true, template: true }], outputs: changed },
  'guest.list': {
    inputs: [{}, { node: 'pve1', status: 'running', type: 'lxc', tag: 'prod', pool: 'team/a' }],
    outputs: [{ guests: [], notes: ['the API token may see no guest at all'] }],
  },
  'guest.reboot': {
    inputs: [guest, { ...guest, timeoutSeconds: 1_800 }],
    outputs: changed.map((output) => ({ ...output, uptimeBeforeSeconds: 86_400 })),
  },
  'guest.resize': {
    inputs: [
      { ...guest, disk: 'scsi0', size: '64G' },
      { ...guest, disk: 'mp255', size: '1T' },
      { ...guest, cores: 4 },
      { ...guest, memoryMiB: 4_096 },
    ],
    outputs: changed,
  },
  'guest.resume': { inputs: [guest], outputs: changed },
  'guest.show': { inputs: [guest] },
  'guest.shutdown': {
    inputs: [guest, { ...guest, timeoutSeconds: 5, then: 'stop' }],
    outputs: changed,
  },
  'guest.snapshot.create': {
    inputs: [snapshot, { ...snapshot, description: 'by hand\ntwice', withMemory: true }],
    outputs: changed,
  },
  'guest.snapshot.delete': { inputs: [snapshot], outputs: changed },
  'guest.snapshot.list': {
    inputs: [guest],
    outputs: [
      {
        snapshots: [
          {
            name: 'before-upgrade',
            description: '',
            takenAt: '2026-11-22T06:00:00.000Z',
            parent: null,
            withMemory: false,
          },
        ],
        currentParent: 'before-upgrade',
      },
    ],
  },
  'guest.snapshot.rollback': { inputs: [{ ...snapshot, start: true }], outputs: changed },
  'guest.start': { inputs: [guest], outputs: changed },
  'guest.stop': { inputs: [guest], outputs: changed },
  'guest.suspend': { inputs: [guest, { ...guest, toDisk: true }], outputs: changed },
  'task.log': {
    inputs: [task, { ...task, start: 500, limit: 1_000 }],
    outputs: [{ lines: [{ number: 1, text: 'TASK OK' }], isCut: false }],
  },
  'task.stop': { inputs: [task], outputs: changed },
  'task.wait': {
    inputs: [task, { ...task, withinSeconds: 21_600 }],
    outputs: [
      {
        upid,
        type: 'qmstart',
        id: '101',
        startedBy: 'sallyport@pve!pve1',
        startedAt: '2026-11-22T06:00:00.000Z',
        outcome: 'warnings',
        exitStatus: 'WARNINGS: 2',
        lastLines: [],
      },
    ],
  },
}
