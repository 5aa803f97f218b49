// SPDX-License-Identifier: GPL-3.0-or-later
/** Starting and stopping guests of a simulated cluster. */
import { describe, expect, it } from '@jest/globals'
import { definePlugin } from '@sallyport/sdk'
import { runJob } from '@sallyport/sdk/testing'
import { guestResume, guestSuspend } from '../src/jobs/guest-pause.ts'
import { guestShutdown, guestStart, guestStop } from '../src/jobs/guest-power.ts'
import { guestReboot } from '../src/jobs/guest-reboot.ts'
import { PVE_VERSIONS } from '../src/simulator/world.ts'
import { openSimulated } from './support/simulated-handle.ts'
import type { Simulated } from './support/simulated-handle.ts'

const plugin = definePlugin({
  name: 'proxmox',
  summary: 'Guests of a simulated cluster',
  jobs: {
    'guest.start': guestStart,
    'guest.stop': guestStop,
    'guest.shutdown': guestShutdown,
    'guest.reboot': guestReboot,
    'guest.suspend': guestSuspend,
    'guest.resume': guestResume,
  },
})

type JobName = keyof typeof plugin.jobs

function run(at: Simulated, job: JobName, input: object) {
  return runJob(plugin, job, { input: { ...input }, use: { pve: at.pve } })
}

function where(at: Simulated, vmid: number) {
  return { node: at.guest(vmid).node, vmid }
}

describe.each(PVE_VERSIONS)('Proxmox VE %s', (version) => {
  const power: readonly [JobName, number, 'running' | 'stopped', object, object][] = [
    ['guest.start', 100, 'stopped', {}, { status: 'running' }],
    ['guest.start', 103, 'stopped', {}, { status: 'running' }],
    ['guest.stop', 100, 'running', {}, { status: 'stopped' }],
    ['guest.stop', 101, 'running', {}, { status: 'stopped' }],
    ['guest.shutdown', 100, 'running', { timeoutSeconds: 30 }, { status: 'stopped' }],
    ['guest.shutdown', 101, 'running', {}, { status: 'stopped' }],
    ['guest.shutdown', 106, 'running', { timeoutSeconds: 5, then: 'stop' }, { status: 'stopped' }],
    ['guest.suspend', 100, 'running', {}, { status: 'running', qmpStatus: 'paused' }],
    ['guest.suspend', 100, 'running', { toDisk: true }, { status: 'stopped', lock: 'suspended' }],
  ]

  it.each(power)('%s of guest %i, which is %s', async (job, vmid, status, more, after) => {
    const at = openSimulated({ version })
    at.guest(vmid).status = status
    const { output, verification } = await run(at, job, { ...where(at, vmid), ...more })
    expect(output).toMatchObject({ changed: true, notes: [] })
    expect(verification).toMatchObject({ verdict: 'verified' })
    expect(at.guest(vmid)).toMatchObject(after)
    expect(at.effects()).toHaveLength(1)

    const again = await run(at, job, { ...where(at, vmid), ...more })
    expect(again.output).toMatchObject({ changed: false })
    expect(at.effects()).toHaveLength(1)
  })
})
