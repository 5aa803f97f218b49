// SPDX-License-Identifier: GPL-3.0-or-later
/** Conversations that others recorded with Proxmox VE 6.2 and 7, held again with the simulator. */
import { expect, it } from '@jest/globals'
import { describeOracle, oracleFolder } from '../../../test/support/oracle.ts'
import { operationsOf } from '../src/simulator/schema/index.ts'
import { ROOT_PASSWORD } from '../src/simulator/seed.ts'
import type { World } from '../src/simulator/world.ts'
import { differences, type Recorded } from './support/recorded.ts'
import { openWire, type Fields, type Wire, type WireAnswer } from './support/wire.ts'

const { match } = operationsOf('8.4')
const TEMPLATE = 'local:vztmpl/alpine-3.12-default_20200823_amd64.tar.xz'

/** Asks again what was asked: the node is `pve1`, tasks and backups have the names that they got here. */
class Replay {
  readonly #wire: Wire
  readonly #tasks = new Map<string, string>()

  constructor(wire: Wire) {
    this.#wire = wire
  }

  /** The answer; undefined where nothing here can answer, for it began before the recording or is not served. */
  ask(recorded: Recorded): WireAnswer | undefined {
    const [path = '', query = ''] = this.#ours(recorded.path.replace('/api2/json', '')).split('?')
    const segments = path.split('/').filter((part) => part !== '')
    const isLost = /UPID:(?!pve1:)/.test(path) || match(recorded.method, segments) === undefined
    if (isLost) return undefined
    const form = new URLSearchParams(this.#ours(recorded.requestBody ?? ''))
    const fields: Fields = Object.fromEntries([...new URLSearchParams(query), ...form])
    const answer = this.#wire.ask(recorded.method, path, fields)
    const told = recorded.body?.data
    if (typeof told === 'string' && typeof answer.data === 'string')
      this.#tasks.set(told, answer.data)
    this.#wire.pass(15)
    return answer
  }

  #ours(text: string): string {
    return text
      .replace(/UPID:[^/?&]+:/, (upid) => this.#tasks.get(decodeURIComponent(upid)) ?? upid)
      .replace(/\/nodes\/[^/?]+/, '/nodes/pve1')
      .replace(/\b(target|node)=(pve|proxmox-noris)\b/, '$1=pve1')
      .replace(/vzdump-(qemu|lxc)-\d+-20\d\d_[\w.-]+/, (name, type: string) => {
        return backupOf(this.#wire.simulator.world, type) ?? name
      })
      .replace(/password=proxmox01\b/, `password=${ROOT_PASSWORD}`)
  }
}

function backupOf({ storages }: World, type: string): string | undefined {
  const volumes = [...storages.get('local')!.volumes.values()].map(({ volid }) => volid)
  return volumes.find((volid) => volid.includes(`vzdump-${type}-`))?.split('/')[1]
}

/** A cluster without guests, with the one template that was used. */
function empty({ guests, storages, now }: World): void {
  guests.clear()
  storages.get('local')!.content.push('images')
  for (const { volumes } of storages.values()) volumes.clear()
  storages.get('local')!.volumes.set(`${TEMPLATE}@pve1`, {
    volid: TEMPLATE,
    node: 'pve1',
    content: 'vztmpl',
    format: 'txz',
    sizeBytes: 2_500_000,
    usedBytes: 2_500_000,
    vmid: undefined,
    createdAtMs: now(),
    notes: undefined,
    isProtected: false,
    parent: undefined,
    saved: undefined,
  })
}

/** What is otherwise here, and may be, by file. */
const OTHERWISE: Readonly<Record<string, readonly string[]>> = {
  // Empty texts of old; a process there is no such thing of here.
  'compute-containers.json': [
    'GET /nodes/{node}/lxc/{vmid}/status/current: data.lock is absent',
    'GET /nodes/{node}/lxc/{vmid}/status/current: data.pid is absent',
    'GET /nodes/{node}/lxc/{vmid}/status/current: data.template is absent',
    'GET /nodes/{node}/lxc: data[].lock is absent',
    'GET /nodes/{node}/lxc: data[].template is absent',
  ],
  // What the schema does not name; two tasks that were none before 7.
  'compute-servers.json': [
    'GET /nodes/{node}/qemu/{vmid}/status/current: data.balloon is absent',
    'GET /nodes/{node}/qemu/{vmid}/status/current: data.ballooninfo is absent',
    'GET /nodes/{node}/qemu/{vmid}/status/current: data.blockstat is absent',
    'GET /nodes/{node}/qemu/{vmid}/status/current: data.nics is absent',
    'GET /nodes/{node}/qemu/{vmid}/status/current: data.pid is absent',
    'GET /nodes/{node}/qemu/{vmid}/status/current: data.spice is absent',
    'GET /nodes/{node}/qemu/{vmid}/status/current: data.template is absent',
    'GET /nodes/{node}/qemu: data[].pid is absent',
    'GET /nodes/{node}/qemu: data[].template is absent',
    'POST /nodes/{node}/qemu/{vmid}/template: data is value for nothing',
    'PUT /nodes/{node}/qemu/{vmid}/resize: data is value for nothing',
  ],
  'compute-snapshots.json': [
    'GET /nodes/{node}/qemu/{vmid}/config: data.boot is absent',
    'GET /nodes/{node}/qemu/{vmid}/config: data.meta is absent',
  ],
  // A token that was there before the recording.
  'identity-auth_user_token.json': [
    "GET /access/users/{userid}/token/{tokenid}: 500 no such token 'root1' for user 'root@pam' for 200 OK",
    "GET /access/users/{userid}/token/{tokenid}: 500 no such token 'root1' for user 'root@pam' for 401 invalid token value!",
  ],
  // Names that begin with PVE are the vendor's own since 8.
  'identity-permissions.json': [
    "DELETE /access/roles/{roleid}: 500 role 'PVETestAdmin' does not exist for 200 OK",
    'GET /access/permissions: data./access is absent',
    'GET /access/permissions: data./access/groups is absent',
    'GET /access/users: data[].firstname is absent',
    'GET /access/users: data[].lastname is absent',
    'POST /access/roles: 400 Parameter verification failed. for 200 OK',
    "PUT /access/acl: 500 role 'PVETestAdmin' does not exist for 200 OK",
  ],
  // A guest that was there before the recording.
  'identity-pools.json': [
    "PUT /pools/{poolid}: 500 update pools failed: error during cfs-locked 'file-user_cfg' operation: VM 100 does not exist for 200 OK",
  ],
  'identity-read_version.json': ['GET /version: data.keyboard is absent'],
  'identity-roles.json': [
    "DELETE /access/roles/{roleid}: 500 role 'PVETestAuditor' does not exist for 200 OK",
    'POST /access/roles: 400 Parameter verification failed. for 200 OK',
    "POST /access/roles: 400 Parameter verification failed. for 500 create role failed: error during cfs-locked 'file-user_cfg' operation: role 'PVETestAuditor' already exists",
    "PUT /access/roles/{roleid}: 500 role 'PVETestAuditor' does not exist for 200 OK",
  ],
  'identity-users.json': [
    'GET /access/users: data[].firstname is absent',
    'GET /access/users: data[].lastname is absent',
  ],
  // The first interface is of another kind; a node that goes down answers no more.
  'network-networks.json': [
    'GET /nodes/{node}/network: data[].address is absent',
    'GET /nodes/{node}/network: data[].autostart is absent',
    'GET /nodes/{node}/network: data[].bridge_fd is absent',
    'GET /nodes/{node}/network: data[].bridge_ports is absent',
    'GET /nodes/{node}/network: data[].bridge_stp is absent',
    'GET /nodes/{node}/network: data[].cidr is absent',
    'GET /nodes/{node}/network: data[].gateway is absent',
    'GET /nodes/{node}/network: data[].netmask is absent',
    'POST /nodes/{node}/status: 0 reset for 200 OK',
  ],
}

/** Of how many exchanges at least the answers are held side by side. */
const ANSWERED: Readonly<Record<string, number>> = {
  'compute-containers.json': 169,
  'compute-servers.json': 318,
  'compute-snapshots.json': 36,
  'identity-permissions.json': 24,
  'identity-pools.json': 25,
}

const files = oracleFolder<Recorded[]>('pve-responses/fog-proxmox')

describeOracle('a recorded conversation', files, (folder) => {
  it.each(Object.entries(folder))('%s goes the same way', (name, exchanges) => {
    const wire = openWire('8.4')
    empty(wire.simulator.world)
    const replay = new Replay(wire)
    const allowed = new Set(OTHERWISE[name])
    let answered = 0
    const found = exchanges.flatMap((recorded) => {
      const answer = replay.ask(recorded)
      if (answer === undefined) return []
      answered++
      const path = recorded.path.replace('/api2/json', '').split('?')[0]!
      const { operation } = match(
        recorded.method,
        path.split('/').filter((part) => part !== ''),
      )!
      return differences(recorded, answer).map((each) => `${operation}: ${each}`)
    })
    expect(found.filter((each) => !allowed.has(each))).toEqual([])
    expect(answered).toBeGreaterThanOrEqual(ANSWERED[name] ?? 1)
    // That one asks for guest 99 on purpose.
    const isAsked = (fault: string): boolean => fault.startsWith('GET /cluster/nextid 400')
    expect(wire.watch.faults.filter((fault) => !isAsked(fault))).toEqual([])
  })
})
