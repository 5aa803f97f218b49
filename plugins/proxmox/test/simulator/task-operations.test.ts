// SPDX-License-Identifier: GPL-3.0-or-later
/** Tasks are listed, read and stopped by who started them or may audit the node. */
import { describe, expect, it } from '@jest/globals'
import { startTask } from '../../src/simulator/tasks.ts'
import type { SimTaskStep } from '../../src/simulator/world.ts'
import { openWire } from '../support/wire.ts'
import { type Cluster, openCluster, refusalOf } from './guest-calls.ts'

type Rows = Record<string, unknown>[]

function begin(
  cluster: Cluster,
  task: { type?: string; id?: string; user?: string; steps?: SimTaskStep[] } = {},
): string {
  const { type = 'qmstart', id = '100', user = 'ops@pve!lab', steps = [{ seconds: 1 }] } = task
  return startTask(cluster.world, { node: 'pve1', type, id, user, steps })
}

function withTasks(): {
  cluster: Cluster
  list: (params?: Record<string, string | number | boolean>) => string[]
} {
  const cluster = openCluster()
  begin(cluster, { type: 'qmstart' })
  cluster.pass(10)
  begin(cluster, {
    type: 'vzdump',
    id: '',
    user: 'root@pam',
    steps: [{ seconds: 1, fails: 'job errors' }],
  })
  cluster.pass(10)
  begin(cluster, { type: 'qmstop', steps: [{ seconds: 1, warns: true, log: 'slow' }] })
  cluster.pass(10)
  begin(cluster, { type: 'qmmigrate', id: '104', steps: [{ seconds: 900 }] })
  const list = (params = {}) =>
    (cluster.ask('GET /nodes/{node}/tasks', { node: 'pve1', ...params }) as Rows).map((row) =>
      String(row['type']),
    )
  return { cluster, list }
}

describe('the list of tasks', () => {
  const FIRST = Date.UTC(2026, 5, 1, 12) / 1000

  it.each([
    [{}, ['qmstop', 'vzdump', 'qmstart']],
    [{ source: 'active' }, ['qmmigrate']],
    [{ source: 'all' }, ['qmmigrate', 'qmstop', 'vzdump', 'qmstart']],
    [{ source: 'all', vmid: 104 }, ['qmmigrate']],
    [{ source: 'all', vmid: 104, typefilter: 'qmstart' }, []],
    [{ typefilter: 'vzdump' }, ['vzdump']],
    [{ userfilter: 'ROOT' }, ['vzdump']],
    [{ since: FIRST + 10 }, ['qmstop', 'vzdump']],
    [{ until: FIRST + 9 }, ['qmstart']],
    [{ since: FIRST + 10, until: FIRST + 10 }, ['vzdump']],
    [{ errors: true }, ['qmstop', 'vzdump']],
    [{ statusfilter: 'ok' }, ['qmstart']],
    [{ statusfilter: 'warning,error' }, ['qmstop', 'vzdump']],
    [{ source: 'all', statusfilter: 'unknown' }, ['qmmigrate']],
    [{ start: 1, limit: 1 }, ['vzdump']],
    [{ limit: 0 }, []],
  ])('with %j', (params, expected) => {
    expect(withTasks().list(params)).toEqual(expected)
  })

  it('counts all that match, and says who started them', () => {
    const wire = openWire('9.2')
    wire.run('POST', '/nodes/pve1/qemu/100/status/stop')
    wire.run('POST', '/nodes/pve1/qemu/100/status/start')
    const rows = wire.ask('GET', '/nodes/pve1/tasks', { limit: 1 }).data as Rows
    expect(rows).toMatchObject([{ type: 'qmstart', id: '100', user: 'root@pam', status: 'OK' }])
    wire.watch.expectNoFaults()
  })

  it('takes user and token apart once a task is over', () => {
    const { cluster } = withTasks()
    const rows = cluster.ask('GET /nodes/{node}/tasks', { node: 'pve1', source: 'all' }) as Rows
    expect(rows.map(({ user, tokenid, status }) => [user, tokenid, status])).toEqual([
      ['ops@pve!lab', undefined, 'RUNNING'],
      ['ops@pve', 'lab', 'WARNINGS: 1'],
      ['root@pam', undefined, 'job errors'],
      ['ops@pve', 'lab', 'OK'],
    ])
  })

  it.each([
    ['ops@pve', ['qmmigrate', 'qmstop', 'qmstart']],
    ['ops@pve!lab', ['qmmigrate', 'qmstop', 'qmstart']],
    ['ops@pve!other', []],
    ['eve@pve', []],
  ])('shows %s, who may not audit the node, only its own', (user, expected) => {
    const { cluster } = withTasks()
    const caller = { user, lacks: ['Sys.Audit'] }
    const own = cluster.ask(
      'GET /nodes/{node}/tasks',
      { node: 'pve1', source: 'all' },
      caller,
    ) as Rows
    expect(own.map((row) => row['type'])).toEqual(expected)
    const recent = cluster.ask('GET /cluster/tasks', {}, caller) as Rows
    expect(recent.map((row) => row['type'])).toEqual(expected)
  })
})

describe('one task', () => {
  it.each([
    ['GET /nodes/{node}/tasks/{upid}/status', 'Sys.Audit'],
    ['GET /nodes/{node}/tasks/{upid}/log', 'Sys.Audit'],
    ['DELETE /nodes/{node}/tasks/{upid}', 'Sys.Modify'],
  ])('%s is for its owner and who has %s', (operation, privilege) => {
    const ask = (user: string, lacks: string[]) => {
      const cluster = openCluster()
      const upid = begin(cluster)
      return refusalOf(() => cluster.ask(operation, { node: 'pve1', upid }, { user, lacks }))
        ?.status
    }
    expect(ask('ops@pve!lab', [privilege])).toBeUndefined()
    expect(ask('ops@pve', [privilege])).toBeUndefined()
    expect(ask('eve@pve', [])).toBeUndefined()
    expect(ask('eve@pve', [privilege])).toBe(403)
    expect(ask('ops@pve!other', [privilege])).toBe(403)
  })

  it('is refused when its id is none, or nobody knows it', () => {
    const wire = openWire('9.2')
    const ask = (upid: string) =>
      wire.ask('GET', `/nodes/pve1/tasks/${encodeURIComponent(upid)}/status`)
    expect(ask('UPID:pve1:1:2:3:x:y:z:').errors).toEqual({ upid: 'unable to parse worker upid' })
    expect(ask('UPID:pve1:00000001:00000002:00000003:qmstart:100:root@pam:').errors).toEqual({
      upid: 'no such task',
    })
  })

  it('tells its log from a line on, and that there is none yet', () => {
    const cluster = openCluster()
    const upid = begin(cluster, { steps: [{ seconds: 1, log: 'one\ntwo\nthree' }, { seconds: 5 }] })
    const log = (params = {}) =>
      cluster.ask('GET /nodes/{node}/tasks/{upid}/log', { node: 'pve1', upid, ...params })
    expect(log()).toEqual([{ n: 1, t: 'no content' }])
    cluster.pass(1)
    expect(log({ download: true })).toBe('one\ntwo\nthree\n')
    expect(log({ start: 1, limit: 1 })).toEqual([{ n: 2, t: 'two' }])
    expect(refusalOf(() => log({ download: true, limit: 1 }))?.message).toMatch(
      /cannot be used together/,
    )
    cluster.ask('DELETE /nodes/{node}/tasks/{upid}', { node: 'pve1', upid })
    expect((log() as Rows).at(-1)).toEqual({ n: 4, t: 'TASK ERROR: received interrupt' })
  })
})
