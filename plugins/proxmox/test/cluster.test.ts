// SPDX-License-Identifier: GPL-3.0-or-later
/** Who leads, what loses the quorum, what a token may see, and how loads are kept: without any cluster. */
import { describe, expect, it } from '@jest/globals'
import { fakeState } from '@sallyport/sdk/testing'
import { leadOf, losesQuorum, parseCluster } from '../src/cluster.ts'
import { hourlySamples, latestSamples, recordSamples, withSample } from '../src/history.ts'
import type { Series } from '../src/history.ts'
import { holds, parseGranted, reachOf } from '../src/permissions.ts'

const node = (name: string, isOnline: boolean) => ({
  name,
  isOnline,
  isLocal: false,
  address: null,
})
const NODES = [node('pve1', false), node('pve2', true), node('pve3', true)]

describe('the lead', () => {
  it('is the first by name that has an agent and is online', () => {
    expect(leadOf(['pve3', 'pve2', 'pve1'], NODES)).toBe('pve2')
    expect(leadOf(['pve3'], NODES)).toBe('pve3')
  })

  it('is nobody while no node with an agent is online', () => {
    expect(leadOf(['pve1', 'elsewhere'], NODES)).toBeUndefined()
    expect(leadOf([], NODES)).toBeUndefined()
  })

  it('is the same whatever the order in which agents are named', () => {
    const online = ['b', 'a', 'B', 'A'].map((name) => node(name, true))
    expect(leadOf(['a', 'B', 'b'], online)).toBe(leadOf(['b', 'a', 'B'], online))
  })
})

describe('the quorum', () => {
  const cluster = (online: number, count: number, isQuorate = true) => ({
    name: 'lab',
    isQuorate,
    nodes: Array.from({ length: count }, (_, at) => node(`n${at}`, at < online)),
  })

  it.each([
    [3, 3, false],
    [2, 3, true],
    [2, 2, true],
    [4, 5, false],
    [3, 5, true],
  ])('with %s of %s nodes online is lost without one more: %s', (online, count, isLost) => {
    expect(losesQuorum(cluster(online, count), 'n0')).toBe(isLost)
  })

  it('cannot be lost where there is none, nor by a node that is in no cluster', () => {
    expect(losesQuorum(cluster(1, 3, false), 'n0')).toBe(false)
    expect(losesQuorum({ ...cluster(1, 1), name: null }, 'n0')).toBe(false)
  })

  it('is its own for a node that is in no cluster', () => {
    const rows = [{ type: 'node', name: 'solo', online: 1, local: '1', ip: '192.0.2.1' }]
    expect(parseCluster(rows)).toEqual({
      name: null,
      isQuorate: true,
      nodes: [{ name: 'solo', isOnline: true, isLocal: true, address: '192.0.2.1' }],
    })
    expect(parseCluster(null)).toEqual({ name: null, isQuorate: false, nodes: [] })
  })
})

describe('what a token may do', () => {
  const granted = parseGranted({
    '/': { 'Sys.Audit': 0 },
    '/vms': { 'VM.Audit': 1 },
    '/vms/101': { 'VM.PowerMgmt': 1 },
    '/storage': {},
    '/storage/nas': { 'Datastore.Audit': 1 },
  })

  it('comes from the nearest path, and from above only where it reaches down', () => {
    expect(holds(granted, '/', 'Sys.Audit')).toBe(true)
    expect(holds(granted, '/nodes/pve1', 'Sys.Audit')).toBe(false)
    expect(holds(granted, '/vms/102', 'VM.Audit')).toBe(true)
    expect(holds(granted, '/vms/101', 'VM.Audit')).toBe(false)
  })

  it('reaches everywhere, somewhere or nowhere', () => {
    expect(reachOf(granted, '/vms', ['VM.Audit'])).toBe('somewhere')
    expect(reachOf(granted, '/storage', ['Datastore.Audit'])).toBe('somewhere')
    expect(reachOf(granted, '/storage', ['Datastore.Allocate'])).toBe('nowhere')
    expect(reachOf(parseGranted({ '/': { A: 1 } }), '/vms', ['A'])).toBe('everywhere')
    expect(reachOf(parseGranted('rubbish'), '/vms', ['A'])).toBe('nowhere')
  })
})

describe('the history of loads', () => {
  const EMPTY: Series = { fine: [], hours: [] }
  const sample = (atMs: number, percent: number | null) => ({
    atMs,
    cpuPercent: percent,
    memoryPercent: percent,
    pressurePercent: null,
  })

  it('keeps the latest samples and one mean per hour, within bounds', () => {
    let series = EMPTY
    for (let minute = 0; minute < 60 * 24 * 10; minute += 1) {
      series = withSample(series, sample(minute * 60_000, minute % 60))
    }
    expect(latestSamples(series, 500)).toHaveLength(120)
    expect(latestSamples(series, 2).map(({ cpuPercent }) => cpuPercent)).toEqual([58, 59])
    expect(hourlySamples(series)).toHaveLength(168)
    expect(hourlySamples(series)[0]?.cpuPercent).toBeCloseTo(29.5, 0)
    expect(JSON.stringify(series).length).toBeLessThan(9_500)
  })

  it('takes two reports in a moment for one, and a clock that went back for a new beginning', () => {
    const series = [sample(100_000, 1), sample(101_000, 2), sample(50_000, 3)].reduce(
      withSample,
      EMPTY,
    )
    expect(latestSamples(series, 9)).toMatchObject([{ atMs: 50_000, cpuPercent: 3 }])
  })

  it('of a node that sleeps is kept, of one that is gone is not, and rubbish is begun anew', async () => {
    const store = fakeState({
      gone: '{}',
      asleep: '{"fine":[[1,2,3,4]],"hours":[]}',
      up: 'rubbish',
    })
    const under = { ...store } as unknown as Parameters<typeof recordSamples>[0]
    const kept = await recordSamples(under, new Map([['up', sample(1_000, 5)]]), ['asleep', 'up'])
    expect([...kept.keys()].sort()).toEqual(['asleep', 'up'])
    expect(kept.get('up')?.fine).toHaveLength(1)
  })
})
