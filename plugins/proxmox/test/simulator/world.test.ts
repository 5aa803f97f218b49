// SPDX-License-Identifier: GPL-3.0-or-later
/** The seeded cluster: the same from the same seed, with what tests count on, and large ones quickly. */
import { describe, expect, it } from '@jest/globals'
import { disksOf, volumeOf } from '../../src/simulator/guests/disks.ts'
import { isQuorate } from '../../src/simulator/quorum.ts'
import { makeWorld, type WorldPlan } from '../../src/simulator/seed.ts'
import { patient } from '../../../../test/support/patience.ts'

const NOW = Date.UTC(2026, 5, 1, 12)
const make = (plan: Partial<WorldPlan> = {}) =>
  makeWorld({
    version: '9.2',
    nodes: 3,
    guests: 8,
    seed: 1,
    clock: () => NOW,
    secondMs: 10,
    ...plan,
  })

describe('a seeded cluster', () => {
  it('is the same from the same seed, and another from another', () => {
    const told = (seed: number) => JSON.stringify([...make({ seed }).guests.values()])
    expect(told(5)).toBe(told(5))
    expect(told(5)).not.toBe(told(6))
  })

  it('has the guests that tests count on', () => {
    const { guests } = make()
    expect(guests.get(100)?.snapshots).toHaveLength(2)
    expect(guests.get(101)?.config['mp0']).toBe('/mnt/bulk/photos,mp=/photos')
    expect(guests.get(102)?.config['scsi0']).toMatch(/^usb:/)
    expect(guests.get(104)?.config['protection']).toBe(1)
    expect(guests.get(106)?.obeysShutdown).toBe(false)
    expect([guests.get(9000)?.isTemplate, guests.get(9001)?.isTemplate]).toEqual([true, true])
  })

  it('has a volume for every disk, on a storage that its node can use', () => {
    const world = make({ guests: 60 })
    for (const guest of world.guests.values()) {
      for (const disk of disksOf(guest.type, guest.config)) {
        if (disk.kind !== 'volume') continue
        expect(volumeOf(world, guest.node, disk)).toBeDefined()
        const { nodes } = world.storages.get(disk.source.split(':')[0] ?? '') ?? {}
        expect(nodes ?? [guest.node]).toContain(guest.node)
      }
    }
  })

  it('stops the guests of nodes that are switched off', () => {
    const world = make({ offline: ['pve3'] })
    const there = [...world.guests.values()].filter(({ node }) => node === 'pve3')
    expect(there.map(({ status }) => status)).toEqual(there.map(() => 'stopped'))
    expect(isQuorate(world)).toBe(true)
    expect(isQuorate(make({ offline: ['pve2', 'pve3'] }))).toBe(false)
  })

  it('counts a half of the nodes as no quorum, and a node in no cluster always as one', () => {
    expect(isQuorate(make({ nodes: 4, offline: ['pve1', 'pve2'] }))).toBe(false)
    expect(isQuorate(make({ nodes: 1 }))).toBe(true)
  })

  it('is made with 2,048 nodes and 20,000 guests in less than 5 seconds', () => {
    const from = performance.now()
    const world = make({ nodes: 2048, guests: 20_000 })
    expect(performance.now() - from).toBeLessThan(patient(1_500))
    expect([world.nodes.size, world.guests.size]).toEqual([2048, 20_002])
  })
})
