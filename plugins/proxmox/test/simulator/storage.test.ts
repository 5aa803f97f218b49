// SPDX-License-Identifier: GPL-3.0-or-later
/** Storages are configured, listed, written to and pruned. */
import { describe, expect, it } from '@jest/globals'
import { openWire, type Wire } from '../support/wire.ts'
import { openCluster, refusalOf } from './guest-calls.ts'

type Rows = Record<string, unknown>[]

const BACKUP = 'nas:backup/vzdump-qemu-100-2026_05_25-12_00_00.vma.zst'

function storageOf(wire: Wire, id: string) {
  const storage = wire.simulator.world.storages.get(id)
  if (storage === undefined) throw new Error(`no storage ${id}`)
  return storage
}

describe('the configuration of storages', () => {
  it.each([
    ['dir', { path: '/mnt/second' }],
    ['nfs', { server: '10.0.0.9', export: '/pve' }],
    ['cifs', { server: '10.0.0.9', share: 'pve', username: 'u', password: 'p' }],
    ['pbs', { server: '10.0.0.9', datastore: 'main', username: 'b@pbs', password: 'p' }],
    ['lvm', { vgname: 'vg0' }],
    ['lvmthin', { vgname: 'vg0', thinpool: 'thin' }],
    ['zfspool', { pool: 'tank/vm' }],
  ])('takes one of type %s, and shows no password', (type, options) => {
    const wire = openWire('9.2')
    const made = wire.ask('POST', '/storage', { storage: 'new', type, ...options })
    expect(made.data).toEqual({ storage: 'new', type })
    const { password: _, ...rest } = options as Record<string, string>
    const shown = wire.ask('GET', '/storage/new').data as Record<string, unknown>
    expect(shown).toMatchObject(rest)
    expect(shown).not.toHaveProperty('password')
    wire.watch.expectNoFaults()
  })

  it.each([
    ['dir', {}, "missing value for required option 'path'"],
    ['nfs', { server: '10.0.0.9' }, "missing value for required option 'export'"],
    ['pbs', { server: '10.0.0.9' }, "missing value for required option 'datastore'"],
    ['lvmthin', { vgname: 'vg0' }, "missing value for required option 'thinpool'"],
    [
      'dir',
      { path: '/x', datastore: 'main' },
      "unexpected property 'datastore' for storage type 'dir'",
    ],
    [
      'pbs',
      { server: 's', datastore: 'd', content: 'images' },
      "storage type 'pbs' does not support content type 'images'",
    ],
  ])('refuses a %s with %j', (type, options, message) => {
    const answer = openWire('9.2').ask('POST', '/storage', { storage: 'new', type, ...options })
    expect([answer.status, answer.reason]).toEqual([500, message])
  })

  it('refuses a name that is taken', () => {
    const answer = openWire('9.1').ask('POST', '/storage', {
      storage: 'nas',
      type: 'dir',
      path: '/x',
    })
    expect(answer.reason).toMatch(/storage ID 'nas' already defined$/)
  })

  it('makes a key for encryption, gives it away once, and keeps its fingerprint', () => {
    const wire = openWire('9.2')
    const options = { server: '10.0.0.9', datastore: 'd', 'encryption-key': 'autogen' }
    const made = wire.ask('POST', '/storage', { storage: 'safe', type: 'pbs', ...options }).data
    expect(made).toHaveProperty(['config', 'encryption-key'])
    const shown = wire.ask('GET', '/storage/safe').data as Record<string, string>
    expect(shown['encryption-key']).toMatch(/^([0-9a-f]{2}:){31}[0-9a-f]{2}$/)
  })

  it('changes what may change, and not where a storage is', () => {
    const wire = openWire('9.2')
    wire.ask('PUT', '/storage/nas', { nodes: 'pve1,pve2', content: 'backup', disable: 1 })
    expect(wire.ask('GET', '/storage/nas').data).toMatchObject({
      nodes: 'pve1,pve2',
      content: 'backup',
      disable: 1,
    })
    wire.ask('PUT', '/storage/nas', { delete: 'nodes,disable' })
    expect(wire.ask('GET', '/storage/nas').data).not.toHaveProperty('nodes')
    expect(wire.ask('PUT', '/storage/nas', { digest: 'a'.repeat(40), disable: 1 }).reason).toMatch(
      /modified/,
    )
    const moved = openCluster()
    const change = () => moved.ask('PUT /storage/{storage}', { storage: 'nas', server: '10.9.9.9' })
    expect(refusalOf(change)?.message).toBe("can't change value of fixed parameter 'server'")
    expect(
      refusalOf(() => moved.ask('PUT /storage/{storage}', { storage: 'nas', delete: 'export' }))
        ?.message,
    ).toBe("unable to delete required option 'export'")
  })

  it('refuses a change that its type does not know, and a type that is not simulated', () => {
    const cluster = openCluster()
    const change = () => cluster.ask('PUT /storage/{storage}', { storage: 'nas', thinpool: 'data' })
    expect(refusalOf(change)?.message).toBe("unexpected property 'thinpool' for storage type 'nfs'")
    const make = () => cluster.ask('POST /storage', { storage: 'new', type: 'iscsi' })
    expect(refusalOf(make)?.message).toMatch(/no storage of type 'iscsi'$/)
  })

  it('keeps a storage that another one is based on', () => {
    const cluster = openCluster()
    cluster.ask('POST /storage', { storage: 'vg', type: 'lvm', vgname: 'vg0', base: 'nas:0.0.0' })
    const remove = () => cluster.ask('DELETE /storage/{storage}', { storage: 'nas' })
    expect(refusalOf(remove)?.message).toMatch(/used as base of another storage$/)
  })

  it('forgets a storage, and then there is none', () => {
    const wire = openWire('8.4')
    expect(wire.ask('DELETE', '/storage/usb').status).toBe(200)
    expect(wire.ask('DELETE', '/storage/usb').reason).toBe("storage 'usb' does not exist")
  })

  it('shows nothing to who may not audit it', () => {
    const lacks = ['Datastore.Audit', 'Datastore.AllocateSpace']
    expect(openCluster().ask('GET /storage', {}, { lacks })).toEqual([])
    expect(openCluster().ask('GET /nodes/{node}/storage', { node: 'pve1' }, { lacks })).toEqual([])
  })
})

describe('the storages of a node', () => {
  it('are those meant for it, with their space', () => {
    const wire = openWire('9.2')
    const ids = (node: string) =>
      (wire.ask('GET', `/nodes/${node}/storage`).data as Rows).map((row) => row['storage'])
    expect(ids('pve1')).toEqual(['local', 'local-lvm', 'local-zfs', 'nas', 'usb', 'pbs'])
    expect(ids('pve2')).toEqual(['local', 'local-lvm', 'nas', 'pbs'])
    expect(wire.ask('GET', '/nodes/pve2/storage/usb/status').reason).toBe(
      "storage 'usb' is not available on node 'pve2'",
    )
    const { total, used, avail } = wire.ask('GET', '/nodes/pve1/storage/nas/status').data as Record<
      string,
      number
    >
    expect(used).toBeGreaterThan(0)
    expect(total).toBe((used ?? 0) + (avail ?? 0))
  })

  it('are not active where they cannot be reached, and say so when they are asked for more', () => {
    const wire = openWire('9.2')
    storageOf(wire, 'nas').unreachableFrom.add('pve1')
    expect(wire.ask('GET', '/nodes/pve1/storage/nas/status').data).toMatchObject({
      active: 0,
      total: 0,
    })
    expect(wire.ask('GET', '/nodes/pve2/storage/nas/status').data).toMatchObject({ active: 1 })
    expect(wire.ask('GET', '/nodes/pve1/storage/nas/content').reason).toBe(
      "storage 'nas' is not online",
    )
    storageOf(wire, 'pbs').unreachableFrom.add('pve1')
    expect(wire.ask('GET', '/nodes/pve1/storage/pbs/content').reason).toMatch(
      /^pbs: error fetching datastores - 500/,
    )
    expect(wire.ask('GET', '/nodes/pve2/storage/usb/content').reason).toBe(
      "storage 'usb' is not available on node 'pve2'",
    )
    wire.ask('PUT', '/storage/usb', { disable: 1 })
    expect(wire.ask('GET', '/nodes/pve1/storage/usb/content').reason).toBe(
      "storage 'usb' is disabled",
    )
    wire.watch.expectNoFaults()
  })
})

describe('the content of a storage', () => {
  it('is listed by kind and guest', () => {
    const wire = openWire('9.2')
    const list = (fields: Record<string, string | number>) =>
      (wire.ask('GET', '/nodes/pve1/storage/nas/content', fields).data as Rows).map(
        (row) => row['volid'],
      )
    expect(list({ content: 'backup', vmid: 100 })).toEqual([BACKUP])
    expect(list({ content: 'iso' })).toEqual(['nas:iso/debian-13.1.0-amd64-netinst.iso'])
  })

  it('is hidden where the caller has no right on the guest it belongs to', () => {
    const lacks = ['Datastore.Allocate', 'VM.Backup', 'VM.Config.Disk']
    const rows = openCluster().ask(
      'GET /nodes/{node}/storage/{storage}/content',
      { node: 'pve1', storage: 'nas' },
      { lacks },
    )
    expect(new Set((rows as Rows).map((row) => row['content']))).toEqual(new Set(['iso', 'vztmpl']))
  })

  it('takes notes and protection of a backup, which then is not removed', () => {
    const wire = openWire('9.1')
    const path = `/nodes/pve1/storage/nas/content/${encodeURIComponent(BACKUP)}`
    wire.ask('PUT', path, { notes: 'before the move', protected: 1 })
    expect(wire.ask('GET', path).data).toMatchObject({ notes: 'before the move', protected: 1 })
    expect(wire.run('DELETE', path)).toMatch(/^cannot remove protected volume/)
    wire.ask('PUT', path, { protected: 0 })
    expect(wire.run('DELETE', path)).toBe('OK')
    expect(wire.ask('GET', path).reason).toMatch(/no such volume$/)
    expect(wire.run('DELETE', path)).toMatch(/does not exist$/)
    wire.watch.expectNoFaults()
  })

  it('is not removed while a linked clone needs it', () => {
    const wire = openWire('9.2')
    const base = 'nas:9000/base-9000-disk-0.qcow2'
    const volume = storageOf(wire, 'nas').volumes.get('nas:100/vm-100-disk-0.qcow2')
    if (volume !== undefined) volume.parent = base
    const path = `/nodes/pve1/storage/nas/content/${encodeURIComponent(base)}`
    expect(wire.run('DELETE', path)).toMatch(/still in use by linked clone/)
  })

  it('is removed by who may: a backup with rights on its guest, all else with Datastore.Allocate', () => {
    const remove = (volume: string, lacks: string[]) =>
      refusalOf(() =>
        openCluster().ask(
          'DELETE /nodes/{node}/storage/{storage}/content/{volume}',
          { node: 'pve1', storage: 'nas', volume },
          { lacks },
        ),
      )?.message
    const disk = 'nas:100/vm-100-disk-0.qcow2'
    expect(remove(BACKUP, ['Datastore.Allocate'])).toBeUndefined()
    expect(remove(BACKUP, ['Datastore.Allocate', 'VM.Backup'])).toMatch(/vms\/100, VM.Backup/)
    expect(remove(BACKUP, ['Datastore.Allocate', 'Datastore.AllocateSpace'])).toMatch(
      /Datastore.AllocateSpace/,
    )
    expect(remove(disk, ['Datastore.Allocate'])).toMatch(/Datastore.Allocate/)
  })

  it('grows by what is allocated, under a name that says whose it is', () => {
    const wire = openWire('9.2')
    const allocate = (fields: Record<string, string | number>) =>
      wire.ask('POST', '/nodes/pve1/storage/local-lvm/content', {
        vmid: 100,
        size: '4G',
        ...fields,
      })
    expect(allocate({ filename: 'vm-100-data' }).data).toBe('local-lvm:vm-100-data')
    expect(allocate({ filename: 'vm-100-data' }).reason).toMatch(/already exists/)
    expect(allocate({ filename: 'vm-101-data' }).reason).toBe(
      "illegal name 'vm-101-data' - should be 'vm-100-*'",
    )
    expect(allocate({ filename: 'vm-100-huge', size: '900000G' }).reason).toMatch(/no space left/)
    expect(
      wire.ask('POST', '/nodes/pve1/storage/pbs/content', {
        vmid: 1000,
        size: '1G',
        filename: 'vm-1000-x',
      }).reason,
    ).toMatch(/does not support content-type/)
  })

  it.each([
    ['GET', {}],
    ['PUT', { notes: 'x' }],
  ])('is shown and noted by %s only for who may back the guest up', (method, more) => {
    const ask = (lacks: string[]) =>
      refusalOf(() =>
        openCluster().ask(
          `${method} /nodes/{node}/storage/{storage}/content/{volume}`,
          { node: 'pve1', storage: 'nas', volume: BACKUP, ...more },
          { lacks },
        ),
      )?.status
    expect(ask([])).toBeUndefined()
    expect(ask(['Datastore.Allocate', 'VM.Backup'])).toBe(403)
  })

  it('takes no notes of a disk, and nothing of a storage that cannot be reached', () => {
    const cluster = openCluster()
    const ask = (method: string, volume: string) =>
      refusalOf(() =>
        cluster.ask(`${method} /nodes/{node}/storage/{storage}/content/{volume}`, {
          node: 'pve1',
          storage: 'nas',
          volume,
          ...(method === 'PUT' ? { notes: 'x' } : {}),
        }),
      )?.message
    expect(ask('PUT', 'nas:100/vm-100-disk-0.qcow2')).toMatch(/^attribute 'notes' is not supported/)
    cluster.world.storages.get('nas')?.unreachableFrom.add('pve1')
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect(ask(method, BACKUP)).toBe("storage 'nas' is not online")
    }
  })

  it('refuses the id of a volume on another storage', () => {
    const path = `/nodes/pve1/storage/local/content/${encodeURIComponent(BACKUP)}`
    expect(openWire('9.2').ask('GET', path).errors).toEqual({
      volume: 'storage ID mismatch (nas != local)',
    })
  })
})

describe('pruning', () => {
  const DAY = 86_400_000

  function withBackups(count: number): Wire {
    const wire = openWire('9.2')
    const { volumes } = storageOf(wire, 'pbs')
    const first = volumes.get('pbs:backup/vm/100/2026-05-31T12:00:00Z')
    for (let day = 1; first !== undefined && day < count; day += 1) {
      const createdAtMs = first.createdAtMs - day * DAY
      const volid = `pbs:backup/vm/100/${new Date(createdAtMs).toISOString().slice(0, 19)}Z`
      volumes.set(volid, { ...first, volid, createdAtMs, isProtected: day === 5 })
    }
    return wire
  }

  const PATH = '/nodes/pve1/storage/pbs/prunebackups'
  const marks = (wire: Wire, keep: string) =>
    (wire.ask('GET', PATH, { vmid: 100, type: 'qemu', 'prune-backups': keep }).data as Rows).map(
      (row) => row['mark'],
    )

  it('marks what each period keeps, and protects what is protected', () => {
    const wire = withBackups(8)
    expect(marks(wire, 'keep-last=2').filter((mark) => mark === 'keep')).toHaveLength(2)
    expect(marks(wire, 'keep-last=1,keep-daily=3').filter((mark) => mark === 'keep')).toHaveLength(
      4,
    )
    expect(marks(wire, 'keep-monthly=1').filter((mark) => mark === 'keep')).toHaveLength(1)
    expect(marks(wire, 'keep-all=1')).not.toContain('remove')
    expect(marks(wire, 'keep-last=1').filter((mark) => mark === 'protected')).toHaveLength(1)
    wire.watch.expectNoFaults()
  })

  it('removes what is marked, of the guest that was meant', () => {
    const wire = withBackups(8)
    const others = storageOf(wire, 'pbs').volumes.size - 8
    expect(wire.run('DELETE', PATH, { vmid: 100, 'prune-backups': 'keep-last=2' })).toBe('OK')
    expect(storageOf(wire, 'pbs').volumes.size).toBe(others + 3)
  })

  it('takes Datastore.Allocate, or for one guest the right to back it up', () => {
    const prune = (params: Record<string, number>, lacks: string[]) =>
      refusalOf(() =>
        openCluster().ask(
          'DELETE /nodes/{node}/storage/{storage}/prunebackups',
          { node: 'pve1', storage: 'pbs', ...params },
          { lacks },
        ),
      )?.status
    expect(prune({ vmid: 100 }, ['Datastore.Allocate'])).toBeUndefined()
    expect(prune({ vmid: 100 }, ['Datastore.Allocate', 'VM.Backup'])).toBe(403)
    expect(prune({}, ['Datastore.Allocate'])).toBe(403)
  })
})
