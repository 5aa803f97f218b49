// SPDX-License-Identifier: Apache-2.0
/** The screen of a cluster says what is, and says what needs somebody. */
import { describe, expect, it } from '@jest/globals'
import { makePaint } from '../../src/output/paint.ts'
import { readReport } from '../../src/proxmox/report.ts'
import { topScreen } from '../../src/proxmox/top-screen.ts'

const GIB = 1_073_741_824
const paint = makePaint(process.stdout, false)

const report = {
  cluster: { name: 'home', isQuorate: true },
  nodes: [
    {
      name: 'pve1',
      state: 'online',
      cpuPercent: 61,
      memoryUsedBytes: 25 * GIB,
      memoryTotalBytes: 32 * GIB,
      pressure: { cpuPercent: 4, ioPercent: 1 },
    },
    {
      name: 'pve2',
      state: 'online',
      cpuPercent: 18,
      memoryUsedBytes: 13 * GIB,
      memoryTotalBytes: 32 * GIB,
    },
    { name: 'pve3', state: 'offline' },
  ],
  guests: [
    { node: 'pve1', status: 'running' },
    { node: 'pve1', status: 'stopped' },
    { node: 'pve2', status: 'running' },
  ],
  storages: [
    { storage: 'nas', node: 'pve1', status: 'available' },
    { storage: 'usb', node: 'pve2', status: 'unknown' },
  ],
  notes: [],
}
const history = [
  {
    node: 'pve1',
    latest: [0, 25, 50, 75, 99].map((cpuPercent) => ({ cpuPercent, memoryPercent: null })),
  },
]

describe('the screen of a cluster', () => {
  it('has one line for each node, with its recent course, and what is not as it should be', () => {
    expect(topScreen(report, history, paint).split('\n')).toEqual([
      'NODE  CPU            MEMORY         PSI  GUESTS  STATE',
      'pve1   ▁▃▅▇█   61 %           78 %  4 %       1  online',
      'pve2           18 %           41 %    –       1  online',
      'pve3                                             offline',
      'cluster home · 3 nodes · 2 of 3 guests running · memory 38 points apart',
      'storage usb on pve2 is unknown',
    ])
  })

  it('says when there is no quorum', () => {
    const lost = { ...report, cluster: { name: 'home', isQuorate: false } }
    expect(topScreen(lost, [], paint)).toContain('no quorum')
  })

  it('shows hidden characters of names as what they are', () => {
    const nodes = [{ name: 'pve\u202e1', state: 'online' }]
    expect(topScreen({ ...report, nodes }, [], paint)).toContain('pve\\u{202e}1')
  })
})

describe('a report', () => {
  it('of another form is refused with the way to see it', () => {
    expect(() => readReport({ isLead: true })).toThrow(/does not know/)
  })
})
