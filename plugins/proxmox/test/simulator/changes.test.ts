// SPDX-License-Identifier: GPL-3.0-or-later
/** A life of guests, storages and rights through the front: every request and answer is held against the schemas. */
import { describe, expect, it } from '@jest/globals'
import { PVE_VERSIONS } from '../../src/simulator/world.ts'
import { openWire, type Fields, type Wire } from '../support/wire.ts'

type Step = readonly [method: string, path: string, fields?: Fields]

/** Steps that answer at once. */
function told({ ask }: Wire, steps: readonly Step[]): string[] {
  return steps.flatMap(([method, path, fields]) => {
    const { status, reason, errors } = ask(method, path, fields)
    return status === 200 ? [] : [`${method} ${path}: ${reason} ${JSON.stringify(errors ?? {})}`]
  })
}

/** Steps that start a task, each followed to its end. */
function done({ run }: Wire, steps: readonly Step[]): string[] {
  return steps.flatMap(([method, path, fields]) => {
    const end = run(method, path, fields)
    return end === 'OK' ? [] : [`${method} ${path}: ${end}`]
  })
}

function nothingWrong({ faults, watch }: Wire): void {
  expect([...faults]).toEqual([])
  watch.expectNoFaults()
}

describe.each(PVE_VERSIONS)('a cluster of %s', (version) => {
  it('sees a virtual machine come, change, move and go', () => {
    const wire = openWire(version)
    const vm = '/nodes/pve1/qemu/200'
    const made = done(wire, [
      ['POST', '/nodes/pve1/qemu/9000/clone', { newid: 200, name: 'web', full: 1 }],
    ])
    const configured = told(wire, [
      ['PUT', `${vm}/config`, { cores: 2, memory: '1024', tags: 'web;test', description: 'a web' }],
      ['PUT', `${vm}/config`, { ipconfig0: 'ip=dhcp', ciuser: 'ada', agent: '1' }],
      ['PUT', `${vm}/config`, { delete: 'description' }],
      ['GET', `${vm}/config`],
      ['GET', `${vm}/pending`],
    ])
    const lived = done(wire, [
      ['PUT', `${vm}/resize`, { disk: 'virtio0', size: '+1G' }],
      ['POST', `${vm}/status/start`],
      ['POST', `${vm}/snapshot`, { snapname: 'first', description: 'one', vmstate: 0 }],
      ['POST', `${vm}/status/suspend`],
      ['POST', `${vm}/status/resume`],
      ['POST', `${vm}/status/reboot`],
      ['POST', `${vm}/status/shutdown`, { timeout: 60 }],
      ['POST', `${vm}/snapshot/first/rollback`],
      ['DELETE', `${vm}/snapshot/first`],
      ['POST', '/nodes/pve1/vzdump', { vmid: '200', storage: 'local', mode: 'stop' }],
      ['POST', `${vm}/migrate`, { target: 'pve2' }],
      ['DELETE', '/nodes/pve2/qemu/200', { purge: 1 }],
    ])
    const [backup] = wire.ask('GET', '/nodes/pve1/storage/local/content', { vmid: 200 }).data as {
      volid: string
    }[]
    const back = done(wire, [
      ['POST', '/nodes/pve1/qemu', { vmid: 202, archive: backup!.volid, storage: 'local-lvm' }],
    ])
    expect([...made, ...configured, ...lived, ...back]).toEqual([])
    expect(wire.ask('GET', `${vm}/status/current`).status).toBe(500)
    nothingWrong(wire)
  })

  it('sees a container come, change and go', () => {
    const wire = openWire(version)
    const ct = '/nodes/pve1/lxc/201'
    const made = done(wire, [
      ['POST', '/nodes/pve1/lxc/9001/clone', { newid: 201, hostname: 'dns', full: 1 }],
    ])
    const configured = told(wire, [
      ['PUT', `${ct}/config`, { cores: 1, memory: 256, net0: 'name=eth0,bridge=vmbr0,ip=dhcp' }],
      ['GET', `${ct}/config`],
      ['GET', `${ct}/pending`],
    ])
    const lived = done(wire, [
      ['POST', `${ct}/status/start`],
      ['POST', `${ct}/status/shutdown`, { timeout: 30 }],
      ['PUT', `${ct}/resize`, { disk: 'rootfs', size: '+1G' }],
      ['DELETE', ct],
    ])
    expect([...made, ...configured, ...lived]).toEqual([])
    nothingWrong(wire)
  })

  it('sees users, roles, tokens and rights change', () => {
    const wire = openWire(version)
    const refused = told(wire, [
      ['POST', '/access/roles', { roleid: 'Lab', privs: 'VM.Audit,VM.PowerMgmt' }],
      ['PUT', '/access/roles/Lab', { privs: 'VM.Console', append: 1 }],
      ['POST', '/access/groups', { groupid: 'staff' }],
      ['POST', '/access/users', { userid: 'ada@pve', email: 'ada@example.net', groups: 'staff' }],
      ['PUT', '/access/users/ada@pve', { comment: 'first of all', enable: 1 }],
      ['POST', '/access/users/ada@pve/token/lab', { privsep: 1, expire: 0 }],
      ['PUT', '/access/users/ada@pve/token/lab', { comment: 'for the lab' }],
      ['PUT', '/access/acl', { path: '/vms/100', users: 'ada@pve', roles: 'Lab', propagate: 0 }],
      ['PUT', '/access/acl', { path: '/vms/100', tokens: 'ada@pve!lab', roles: 'Lab' }],
      ['GET', '/access/permissions', { userid: 'ada@pve!lab', path: '/vms/100' }],
      ['PUT', '/access/acl', { path: '/vms/100', users: 'ada@pve', roles: 'Lab', delete: 1 }],
      ['DELETE', '/access/users/ada@pve/token/lab'],
      ['DELETE', '/access/users/ada@pve'],
      ['DELETE', '/access/groups/staff'],
      ['DELETE', '/access/roles/Lab'],
    ])
    expect(refused).toEqual([])
    nothingWrong(wire)
  })

  it('sees storages, pools, jobs and settings change', () => {
    const wire = openWire(version)
    const refused = told(wire, [
      [
        'POST',
        '/storage',
        { storage: 'more', type: 'dir', path: '/mnt/more', content: 'iso,backup' },
      ],
      ['PUT', '/storage/more', { content: 'iso', nodes: 'pve1' }],
      ['GET', '/nodes/pve1/storage/more/status'],
      ['DELETE', '/storage/more'],
      ['POST', '/pools', { poolid: 'lab', comment: 'for trying' }],
      ['PUT', '/pools/lab', { vms: '100,101', storage: 'local' }],
      ['PUT', '/pools/lab', { vms: '100,101', storage: 'local', delete: 1 }],
      ['DELETE', '/pools/lab'],
      [
        'POST',
        '/cluster/backup',
        { id: 'nightly', schedule: '02:00', storage: 'local', vmid: '100' },
      ],
      ['PUT', '/cluster/backup/nightly', { schedule: '03:00', enabled: 0 }],
      ['DELETE', '/cluster/backup/nightly'],
      ['PUT', '/cluster/options', { keyboard: 'de', migration: 'type=insecure' }],
      ['PUT', '/nodes/pve1/config', { description: 'the first' }],
      ['POST', '/cluster/ha/resources', { sid: 'vm:104', state: 'started' }],
      ['PUT', '/cluster/ha/resources/vm:104', { state: 'stopped' }],
      ['DELETE', '/cluster/ha/resources/vm:104'],
    ])
    expect(refused).toEqual([])
    nothingWrong(wire)
  })

  it('refuses in words, and no refusal is out of the schema', () => {
    const wire = openWire(version)
    // A template is refused by its task, not by the answer.
    const statuses = [
      wire.ask('POST', '/nodes/pve1/qemu/100/status/start', { timeout: 5 }),
      wire.ask('POST', '/nodes/pve1/qemu/4711/status/start'),
      wire.ask('POST', '/nodes/pve1/qemu/9000/status/start'),
      wire.ask('DELETE', '/nodes/pve1/qemu/100'),
      wire.ask('POST', '/pools', { poolid: 'twice' }),
      wire.ask('POST', '/pools', { poolid: 'twice' }),
      wire.ask('GET', '/nodes/pve9/status'),
    ].map(({ status }) => status)
    expect(statuses).toEqual([200, 500, 200, 500, 200, 500, 500])
    nothingWrong(wire)
  })
})
