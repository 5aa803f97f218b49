// SPDX-License-Identifier: GPL-3.0-or-later
/** Pools, the HA manager and backup jobs keep what they are told and refuse what does not fit. */
import { describe, expect, it } from '@jest/globals'
import { openWire } from '../support/wire.ts'
import { openCluster, refusalOf } from './guest-calls.ts'

describe('pools', () => {
  it.each(['8.4', '9.1', '9.2'] as const)(
    'hold guests and storages, in both forms of %s',
    (version) => {
      const wire = openWire(version)
      wire.ask('POST', '/pools', { poolid: 'web', comment: 'the sites' })
      wire.ask('PUT', '/pools/web', { vms: '100,101' })
      wire.ask('PUT', '/pools', { poolid: 'web', storage: 'usb' })
      expect(wire.ask('GET', '/pools/web').data).toMatchObject({
        comment: 'the sites',
        members: [{ id: 'qemu/100' }, { id: 'lxc/101' }, { storage: 'usb' }],
      })
      expect(wire.ask('GET', '/pools', { poolid: 'web', type: 'lxc' }).data).toMatchObject([
        { members: [{ vmid: 101 }] },
      ])
      expect(wire.simulator.world.guests.get(100)?.pool).toBe('web')
      expect(wire.ask('DELETE', '/pools/web').reason).toMatch(
        /pool 'web' is not empty \(contains VM 100\)/,
      )
      wire.ask('PUT', '/pools/web', { vms: '100,101', delete: 1 })
      expect(wire.ask('DELETE', '/pools', { poolid: 'web' }).reason).toMatch(
        /contains storage 'usb'/,
      )
      wire.ask('PUT', '/pools', { poolid: 'web', storage: 'usb', delete: 1 })
      expect(wire.ask('DELETE', '/pools', { poolid: 'web' }).status).toBe(200)
      wire.watch.expectNoFaults()
    },
  )

  it('refuse what is there already, is not there, or is elsewhere', () => {
    const wire = openWire('9.2')
    for (const poolid of ['web', 'db']) wire.ask('POST', '/pools', { poolid })
    wire.ask('PUT', '/pools/web', { vms: '100', storage: 'usb' })
    const refusal = (path: string, fields: Record<string, string | number>) =>
      wire.ask('PUT', path, fields).reason
    expect(wire.ask('POST', '/pools', { poolid: 'web' }).reason).toMatch(
      /pool 'web' already exists$/,
    )
    expect(wire.ask('POST', '/pools', { poolid: 'none/sub' }).reason).toMatch(
      /parent 'none' of pool/,
    )
    expect(refusal('/pools/none', { vms: '100' })).toMatch(/pool 'none' does not exist$/)
    expect(refusal('/pools/web', { vms: '100' })).toMatch(/already a pool member$/)
    expect(refusal('/pools/web', { storage: 'usb' })).toMatch(/already a pool member$/)
    expect(refusal('/pools/web', { vms: '999' })).toMatch(/VM 999 does not exist$/)
    expect(refusal('/pools/db', { vms: '100', delete: 1 })).toMatch(/VM 100 is not a pool member$/)
    expect(refusal('/pools/db', { storage: 'usb', delete: 1 })).toMatch(/is not a pool member$/)
    expect(refusal('/pools/db', { vms: '100' })).toMatch(/belongs already to pool 'web'/)
    expect(wire.ask('PUT', '/pools/db', { vms: '100', 'allow-move': 1 }).status).toBe(200)
    expect(wire.simulator.world.pools.get('web')?.guests.has(100)).toBe(false)
  })

  it('take rights on what goes in, and are hidden from who may not audit them', () => {
    const cluster = openCluster()
    cluster.ask('POST /pools', { poolid: 'web' })
    const put = (params: Record<string, string>, lacks: string[]) =>
      refusalOf(() => cluster.ask('PUT /pools/{poolid}', { poolid: 'web', ...params }, { lacks }))
        ?.status
    expect(put({ vms: '100' }, ['VM.Allocate'])).toBe(403)
    expect(put({ storage: 'usb' }, ['Datastore.Allocate'])).toBe(403)
    expect(cluster.ask('GET /pools', {}, { lacks: ['Pool.Audit'] })).toEqual([])
    expect(
      refusalOf(() => cluster.ask('GET /pools', { poolid: 'web' }, { lacks: ['Pool.Audit'] }))
        ?.status,
    ).toBe(403)
  })
})

describe('the HA manager', () => {
  it('looks after guests, in groups before 9 and by rules since', () => {
    const old = openWire('8.4')
    old.ask('POST', '/cluster/ha/groups', { group: 'both', nodes: 'pve1,pve2' })
    expect(
      old.ask('POST', '/cluster/ha/resources', { sid: 'vm:100', group: 'both', max_restart: 3 })
        .status,
    ).toBe(200)
    expect(old.ask('GET', '/cluster/ha/resources/vm:100').data).toMatchObject({
      group: 'both',
      max_restart: 3,
      type: 'vm',
    })
    expect(old.ask('GET', '/cluster/ha/rules').status).toBe(501)
    const now = openWire('9.2')
    expect(now.ask('GET', '/cluster/ha/groups').reason).toMatch(/migrated to rules/)
    now.ask('POST', '/cluster/ha/resources', { sid: '101' })
    now.ask('POST', '/cluster/ha/rules', {
      rule: 'near',
      type: 'node-affinity',
      resources: 'ct:101',
      nodes: 'pve1',
    })
    expect(now.ask('GET', '/cluster/ha/rules', { resource: 'ct:101' }).data).toMatchObject([
      { rule: 'near' },
    ])
    expect(now.ask('GET', '/cluster/ha/rules', { resource: 'vm:100' }).data).toEqual([])
    expect(now.ask('GET', '/cluster/ha/status/current').data).toContainEqual(
      expect.objectContaining({ sid: 'ct:101', state: 'started' }),
    )
    now.watch.expectNoFaults()
  })

  it('changes what it does with one, and lets it go', () => {
    const wire = openWire('9.1')
    wire.ask('POST', '/cluster/ha/resources', { sid: 'vm:100', comment: 'important' })
    wire.ask('PUT', '/cluster/ha/resources/vm:100', { state: 'disabled', delete: 'comment' })
    const shown = wire.ask('GET', '/cluster/ha/resources/vm:100').data
    expect([shown, shown]).toMatchObject([
      { state: 'disabled' },
      expect.not.objectContaining({ comment: 'important' }),
    ])
    wire.ask('DELETE', '/cluster/ha/resources/vm:100')
    expect(wire.ask('GET', '/cluster/ha/resources/vm:100').reason).toBe("no such resource 'vm:100'")
  })

  it.each([
    [{ sid: 'vm:999' }, /no such guest$/],
    [{ sid: 'ct:100' }, /no such guest$/],
    [{ sid: 'vm:104' }, /already defined$/],
  ])('refuses %j', (fields, reason) => {
    const wire = openWire('9.2')
    wire.ask('POST', '/cluster/ha/resources', { sid: 'vm:104' })
    expect(wire.ask('POST', '/cluster/ha/resources', fields).reason).toMatch(reason)
  })

  it('refuses groups and rules that are not there, or are already', () => {
    const old = openWire('8.4')
    expect(old.ask('POST', '/cluster/ha/resources', { sid: 'vm:100', group: 'none' }).reason).toBe(
      "group 'none' does not exist",
    )
    const now = openWire('9.2')
    const fields = { type: 'node-affinity', resources: 'vm:100', nodes: 'pve1' }
    now.ask('POST', '/cluster/ha/rules', { rule: 'r1', ...fields })
    expect(now.ask('POST', '/cluster/ha/rules', { rule: 'r1', ...fields }).reason).toMatch(
      /already defined$/,
    )
    expect(now.ask('DELETE', '/cluster/ha/rules/none').reason).toMatch(/^no such ha rule/)
  })
})

describe('backup jobs', () => {
  it('are kept, changed and forgotten', () => {
    const wire = openWire('9.2')
    const fields = {
      id: 'nightly',
      vmid: '100,101',
      schedule: '02:00',
      storage: 'pbs',
      'prune-backups': 'keep-last=3',
    }
    expect(wire.ask('POST', '/cluster/backup', fields).status).toBe(200)
    expect(wire.ask('GET', '/cluster/backup').data).toMatchObject([
      { id: 'nightly', vmid: '100,101', enabled: 1, 'prune-backups': { 'keep-last': 3 } },
    ])
    wire.ask('PUT', '/cluster/backup/nightly', { enabled: 0, delete: 'prune-backups' })
    expect(wire.ask('GET', '/cluster/backup/nightly').data).not.toHaveProperty('next-run')
    wire.ask('DELETE', '/cluster/backup/nightly')
    expect(wire.ask('GET', '/cluster/backup/nightly').errors).toEqual({ id: 'No such job' })
    wire.watch.expectNoFaults()
  })

  it('say which volumes they take, and which guests no job takes', () => {
    const wire = openWire('9.1')
    wire.ask('POST', '/cluster/backup', {
      id: 'one',
      vmid: '101',
      schedule: '02:00',
      storage: 'pbs',
    })
    const { children } = wire.ask('GET', '/cluster/backup/one/included_volumes').data as {
      children: { children: unknown[] }[]
    }
    expect(children[0]?.children).toContainEqual({
      id: 'mp0',
      name: '/mnt/bulk/photos',
      included: 0,
      reason: 'not a volume',
    })
    const missing = wire.ask('GET', '/cluster/backup-info/not-backed-up').data as { vmid: number }[]
    expect(missing.map(({ vmid }) => vmid)).not.toContain(101)
    wire.watch.expectNoFaults()
  })

  it.each([
    [{ vmid: '100', schedule: 'daily', id: 'taken' }, 500],
    [{ vmid: '100' }, 400],
    [{ schedule: 'daily' }, 500],
    [{ vmid: '100', all: true, schedule: 'daily' }, 500],
    [{ vmid: '100', schedule: 'daily', storage: 'none' }, 500],
    [{ vmid: '100', schedule: 'daily', script: '/x' }, 500],
  ])('refuse %j', (params, status) => {
    const cluster = openCluster()
    cluster.ask('POST /cluster/backup', { id: 'taken', vmid: '104', schedule: 'daily' })
    const ask = () => cluster.ask('POST /cluster/backup', params, { user: 'ops@pve' })
    expect(refusalOf(ask)?.status).toBe(status)
  })
})
