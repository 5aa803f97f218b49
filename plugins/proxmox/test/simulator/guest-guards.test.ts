// SPDX-License-Identifier: GPL-3.0-or-later
/** What stops every change of a guest alike: something that holds it, and a cluster without quorum. */
import { describe, expect, it } from '@jest/globals'
import { type Caller, type Cluster, openCluster, refusalOf } from './guest-calls.ts'

type Params = Record<string, string | number | boolean>
type Change = readonly [vmid: number, short: string, params: Params]

const TO_CONFIG: readonly Change[] = [
  [100, 'PUT /config', { name: 'x' }],
  [100, 'POST /config', { name: 'x' }],
  [100, 'POST /snapshot', { snapname: 'a' }],
  [100, 'PUT /snapshot/{snapname}/config', { snapname: 'installed', description: 'x' }],
  [100, 'POST /snapshot/{snapname}/rollback', { snapname: 'installed' }],
  [100, 'DELETE /snapshot/{snapname}', { snapname: 'installed' }],
  [102, 'POST /clone', { newid: 500 }],
  [103, 'POST /clone', { newid: 500 }],
  [106, 'POST /template', {}],
  [103, 'POST /template', {}],
  [102, 'PUT /resize', { disk: 'scsi0', size: '+1G' }],
  [103, 'PUT /resize', { disk: 'rootfs', size: '+1G' }],
  [102, 'POST /move_disk', { disk: 'scsi0', storage: 'nas' }],
  [103, 'POST /move_volume', { volume: 'rootfs', storage: 'local-lvm' }],
  [102, 'PUT /unlink', { idlist: 'net0' }],
  [9000, 'PUT /cloudinit', {}],
  [103, 'DELETE ', {}],
  [100, 'POST /migrate', { target: 'pve2', online: true }],
  [103, 'POST /migrate', { target: 'pve2' }],
  [103, 'POST /status/start', {}],
]
const TO_POWER: readonly Change[] = [
  [100, 'POST /status/stop', {}],
  [101, 'POST /status/stop', {}],
  [100, 'POST /status/shutdown', {}],
  [100, 'POST /status/reboot', {}],
  [100, 'POST /status/reset', {}],
  [100, 'POST /status/suspend', {}],
  [100, 'POST /status/suspend', { todisk: true }],
  [100, 'POST /status/resume', {}],
  [101, 'POST /status/suspend', {}],
]
const TO_FIREWALL: readonly Change[] = [
  [100, 'PUT /firewall/options', { enable: true }],
  [100, 'POST /firewall/rules', { type: 'in', action: 'DROP' }],
  [100, 'PUT /firewall/rules/{pos}', { pos: 0, enable: 1 }],
  [100, 'DELETE /firewall/rules/{pos}', { pos: 0 }],
]

/** Why a change came to nothing, at once or by its task; undefined when it was made. */
function outcome(
  cluster: Cluster,
  [vmid, short, params]: Change,
  caller: Caller = {},
): string | undefined {
  let end: string | undefined
  const refusal = refusalOf(() => {
    end = cluster.run(vmid, short, params, caller).end
  })
  return refusal?.message ?? (end === 'OK' ? undefined : end)
}

function prepared(vmid: number, short: string): Cluster {
  const cluster = openCluster()
  if (short === 'POST /template' && vmid === 106) cluster.run(106, 'POST /status/stop')
  if (short.includes('{pos}'))
    cluster.on(100, 'POST /firewall/rules', { type: 'in', action: 'DROP' })
  return cluster
}

it.each(
  [...TO_CONFIG, ...TO_POWER, ...TO_FIREWALL].filter(([, short]) => !short.includes('suspend')),
)('%i %s %j can be made at all', (vmid, short, params) => {
  expect(outcome(prepared(vmid, short), [vmid, short, params])).toBeUndefined()
})

it.each([...TO_CONFIG, ...TO_POWER])(
  '%i %s %j is not made while a backup holds the guest',
  (vmid, short, params) => {
    const cluster = prepared(vmid, short)
    cluster.guest(vmid).lock = 'backup'
    expect(outcome(cluster, [vmid, short, params])).toMatch(/^(VM|CT) is locked \(backup\)$/)
    expect(cluster.guest(vmid).lock).toBe('backup')
  },
)

it.each([...TO_CONFIG, ...TO_FIREWALL])(
  '%i %s %j is not made without quorum',
  (vmid, short, params) => {
    const cluster = prepared(vmid, short)
    for (const name of ['pve2', 'pve3']) cluster.world.nodes.get(name)!.state = 'offline'
    expect(outcome(cluster, [vmid, short, params])).toBe('cluster not ready - no quorum?')
  },
)

it.each([
  [100, 'POST /status/stop', {}],
  [100, 'POST /status/shutdown', {}],
  [100, 'POST /status/suspend', {}],
  [100, 'POST /status/resume', {}],
  [100, 'POST /status/reset', {}],
  [103, 'POST /status/start', {}],
  [102, 'PUT /resize', { disk: 'scsi0', size: '+1G' }],
  [100, 'PUT /config', { name: 'x' }],
  [103, 'DELETE ', {}],
] as const)(
  '%i %s is made in spite of a lock when root skips it, and only then',
  (vmid, short, params) => {
    const cluster = openCluster()
    cluster.guest(vmid).lock = 'backup'
    const skipping: Change = [vmid, short, { ...params, skiplock: true }]
    expect(outcome(cluster, skipping, { user: 'sallyport@pve!pve1' })).toBe(
      'Parameter verification failed.',
    )
    expect(outcome(cluster, skipping)).toBeUndefined()
  },
)

describe('what is checked when asked is checked again when the task begins', () => {
  const later = (
    vmid: number,
    short: string,
    params: Params,
    change: (cluster: Cluster) => void,
  ) => {
    const cluster = openCluster()
    const upid = String(cluster.on(vmid, short, params))
    change(cluster)
    cluster.pass(20)
    return cluster.world.tasks.get(upid)?.exitStatus
  }

  it('by the end of a guest', () => {
    const protect = (cluster: Cluster) =>
      Object.assign(cluster.guest(103).config, { protection: 1 })
    expect(later(103, 'DELETE ', {}, protect)).toBe("can't remove CT 103 - protection mode enabled")
  })

  it('by the making of a template', () => {
    const cluster = openCluster()
    cluster.run(102, 'POST /status/stop')
    const upid = String(cluster.on(102, 'POST /template'))
    cluster.guest(102).isTemplate = true
    cluster.pass(5)
    expect(cluster.world.tasks.get(upid)?.exitStatus).toBe(
      "you can't convert a template to a template",
    )
  })

  it('by a guest that is gone meanwhile', () => {
    const gone = (cluster: Cluster) => cluster.world.guests.delete(103)
    expect(later(103, 'POST /status/start', {}, gone)).toContain('does not exist')
  })
})
