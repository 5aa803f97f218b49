// SPDX-License-Identifier: Apache-2.0
/** An agent and a hub that witness each other: growth, loss, forks, a hub that lies, and what readers get of it. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CodedError } from '@sallyport/sdk'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseCheckpoint, verifyAuditLog } from '../../src/audit/index.ts'
import { agent } from '../support/site.ts'
import { MINUTE, NOW, ORIGIN, WitnessBench, WitnessHub } from './witness-bench.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-witness-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** An agent whose first three entries the hub has. */
async function witnessed(hub = new WitnessHub(), name = 'agent.db'): Promise<WitnessBench> {
  const bench = new WitnessBench(join(folder, name), hub)
  bench.note(3)
  await bench.witnessing.checkOwn()
  await bench.witnessing.show()
  return bench
}

describe('a log that grows', () => {
  it('is shown with proofs from head to head, and uploaded whole', async () => {
    using bench = await witnessed()
    expect(bench.witnessing.isBehind).toBe(false)
    for (let round = 0; round < 9; round += 1) {
      bench.note(1 + (round % 3))
      expect(bench.witnessing.isBehind).toBe(true)
      await bench.witnessing.show()
    }
    expect(bench.hub.size).toBe(bench.log.size)
    expect(bench.hub.leafHashes).toEqual(bench.leafHashes())
    expect(bench.state()).toMatchObject({
      size: bench.log.size,
      doubt: null,
      segmentsTo: bench.log.size,
    })
    expect(bench.state().witnessedAtMs).toBe(NOW)
  })

  it('is shown after a restart, and with the hub away meanwhile', async () => {
    const hub = new WitnessHub()
    {
      using bench = await witnessed(hub)
      hub.isAway = true
      bench.note(2)
      await expect(bench.witnessing.show()).rejects.toThrowCode('ERR_HUB_UNREACHABLE')
      expect(bench.witnessing.isBehind).toBe(true)
    }
    hub.isAway = false
    using later = new WitnessBench(join(folder, 'agent.db'), hub)
    later.note(1)
    await later.witnessing.checkOwn()
    await later.witnessing.show()
    expect(hub.leafHashes).toEqual(later.leafHashes())
  })

  it('goes on when the answer of the hub was lost', async () => {
    using bench = await witnessed()
    bench.note(1)
    bench.hub.isDeaf = true
    await expect(bench.witnessing.show()).rejects.toThrowCode('ERR_HUB_UNREACHABLE')
    bench.hub.isDeaf = false
    bench.note(1)
    await bench.witnessing.show()
    await bench.witnessing.show()
    expect(bench.hub.leafHashes).toEqual(bench.leafHashes())
    expect(bench.state()).toMatchObject({ doubt: null, forkNote: null })
    expect(bench.events()).not.toContain('hub.doubted')
  })
})

describe('a memory that was set back', () => {
  it('is found out before the first poll, and goes on in an epoch that refuses older jobs', async () => {
    const hub = new WitnessHub()
    const bench = await witnessed(hub)
    const old = bench.copyTo(join(folder, 'old.db'))
    bench.note(4)
    await bench.witnessing.show()
    const lost = hub.head!.note
    bench[Symbol.dispose]()

    using restored = new WitnessBench(old, hub)
    await restored.witnessing.checkOwn()
    const entries = restored.entries()
    expect(entries.slice(3).map(({ event }) => event)).toEqual(['audit.set-back', 'epoch.begun'])
    expect(entries[3]!.details).toMatchObject({ ownSize: 3, lostSize: 7, head: lost })
    expect(restored.store.standing.epochMs()).toBe(NOW + MINUTE / 2)
    expect(restored.store.witness.epoch()).toMatchObject({ number: 1, fromSize: 3 })
    expect(restored.warnings).toHaveLength(1)

    await restored.witnessing.show()
    expect(parseCheckpoint(hub.head!.note)).toMatchObject({ origin: `${ORIGIN}/1`, size: 5 })
    expect(hub.leafHashes).toEqual(restored.leafHashes())
    expect(hub.older).toEqual([lost])
    expect(verifyAuditLog(restored.store.audit, ORIGIN, agent.signing.publicKey).ok).toBe(true)
  })

  it('is found out once: the next start goes on in the new epoch', async () => {
    const hub = new WitnessHub()
    const bench = await witnessed(hub)
    const old = bench.copyTo(join(folder, 'old.db'))
    bench.note(4)
    await bench.witnessing.show()
    bench[Symbol.dispose]()
    for (const isShown of [false, true, true]) {
      using restored = new WitnessBench(old, hub)
      await restored.witnessing.checkOwn()
      if (isShown) await restored.witnessing.show()
      expect(restored.log.epoch).toBe(1)
      expect(restored.events().filter((event) => event === 'epoch.begun')).toHaveLength(1)
      expect(restored.state().doubt).toBeNull()
    }
  })

  it('that is set back behind its epoch begins the one after that', async () => {
    const hub = new WitnessHub()
    const bench = await witnessed(hub)
    const [one, two] = [bench.copyTo(join(folder, '1.db')), bench.copyTo(join(folder, '2.db'))]
    bench.note(4)
    await bench.witnessing.show()
    bench[Symbol.dispose]()
    for (const [path, epoch] of [
      [one, 1],
      [two, 2],
    ] as const) {
      using restored = new WitnessBench(path, hub)
      await restored.witnessing.checkOwn()
      await restored.witnessing.show()
      expect(restored.log.epoch).toBe(epoch)
    }
  })

  it('on a host whose clock was turned back refuses what was issued by the clock before', async () => {
    const hub = new WitnessHub()
    const bench = await witnessed(hub)
    bench.store.transaction(() => bench.store.clock.raise(NOW + 10 * MINUTE))
    const old = bench.copyTo(join(folder, 'old.db'))
    bench.note(4)
    await bench.witnessing.show()
    bench[Symbol.dispose]()
    using restored = new WitnessBench(old, hub)
    await restored.witnessing.checkOwn()
    expect(restored.store.standing.epochMs()).toBe(NOW + 10 * MINUTE + MINUTE / 2)
  })

  it('has begun no epoch when that could not be recorded', async () => {
    const hub = new WitnessHub()
    const bench = await witnessed(hub)
    const old = bench.copyTo(join(folder, 'old.db'))
    bench.note(4)
    await bench.witnessing.show()
    bench[Symbol.dispose]()
    using restored = new WitnessBench(old, hub)
    restored.isDiskFull = true
    await expect(restored.witnessing.checkOwn()).rejects.toThrowCode('ERR_STORE_WRITE')
    expect([restored.log.epoch, restored.store.standing.epochMs()]).toEqual([0, 0])
    restored.isDiskFull = false
    await restored.witnessing.checkOwn()
    expect(restored.log.epoch).toBe(1)
  })
})

describe('two logs under one key', () => {
  /** A clone that went its own way while the hub has that of the original. */
  async function cloned(hub: WitnessHub): Promise<WitnessBench> {
    const bench = await witnessed(hub)
    const path = bench.copyTo(join(folder, 'clone.db'))
    bench.note(2)
    await bench.witnessing.show()
    bench[Symbol.dispose]()
    const clone = new WitnessBench(path, hub)
    clone.note(5, 'other')
    return clone
  }

  it('isolate the one that starts, on record, until an operator lifts it', async () => {
    using clone = await cloned(new WitnessHub())
    await clone.witnessing.checkOwn()
    expect(clone.store.standing.isolation()).toMatchObject({ sinceMs: NOW })
    const last = clone.entries().at(-1)!
    expect(last).toMatchObject({
      event: 'isolation.accepted',
      details: { by: 'agent', forkSize: 5 },
    })
    await clone.witnessing.checkOwn()
    await clone.witnessing.show()
    expect([clone.log.size, clone.witnessing.isBehind]).toEqual([last.index + 1, false])
  })

  it('isolate the one that runs when it shows its head', async () => {
    const hub = new WitnessHub()
    using bench = await witnessed(hub)
    using clone = new WitnessBench(bench.copyTo(join(folder, 'clone.db')), hub)
    clone.note(1, 'other')
    await clone.witnessing.show()
    bench.note(3)
    await bench.witnessing.show()
    expect(bench.store.standing.isolation()).toBeDefined()
    expect(bench.state()).toMatchObject({ doubt: null })
    expect(bench.events().at(-1)).toBe('isolation.accepted')
  })

  it('go on in a new epoch where the operator has lifted the isolation', async () => {
    const hub = new WitnessHub()
    using clone = await cloned(hub)
    await clone.witnessing.checkOwn()
    clone.lift()
    expect(clone.witnessing.isBehind).toBe(true)
    await clone.witnessing.show()
    expect(clone.log.epoch).toBe(1)
    expect(clone.store.standing.isolation()).toBeUndefined()
    expect(hub.leafHashes).toEqual(clone.leafHashes())
    await clone.witnessing.checkOwn()
    expect(clone.events().filter((event) => event === 'isolation.accepted')).toHaveLength(1)
  })
})

describe('a hub that is no faithful witness', () => {
  const lies: [string, string, (hub: WitnessHub, bench: WitnessBench) => void][] = [
    ['does not sign the head', 'did not witness', (hub) => (hub.lie.cosign = false)],
    ['answers with another head', 'another head', (hub) => (hub.lie.otherHead = hub.head!.note)],
    ['shows a log of its own that was cut back', 'had 1 entries', (hub) => hub.forget()],
    ['shows a log of its own that was rewritten', 'does not begin', (hub) => hub.rewrite()],
    ['signs with another key', 'another key', (hub) => hub.changeKey()],
    [
      'does not sign its own log',
      'did not sign the head of its own',
      (hub) => (hub.lie.ownNote = 'x'),
    ],
    [
      'refuses a head without a reason',
      'refuses a head that grows',
      (hub) => (hub.lie.refuses = true),
    ],
  ]

  it.each(lies)('and %s is named once, and jobs go on', async (_, why, lie) => {
    using bench = await witnessed()
    bench.note(1)
    lie(bench.hub, bench)
    await bench.witnessing.show()
    const entry = bench.entries().at(-1)!
    expect(entry).toMatchObject({ event: 'hub.doubted', details: { liar: 'hub' } })
    expect(entry.details['why']).toContain(why)
    expect(bench.state()).toMatchObject({ doubt: entry.details['why'], doubtedSinceMs: NOW })
    expect(bench.store.standing.isolation()).toBeUndefined()
    bench.note(1)
    await bench.witnessing.show().catch(() => {})
    expect(bench.events().filter((event) => event === 'hub.doubted')).toHaveLength(1)
  })

  it.each([
    ['has forgotten the head', (hub: WitnessHub) => void (hub.head = null)],
    ['shows an older head', (hub: WitnessHub) => void (hub.head = hub.all[0]!)],
    ['shows a head by another key', (hub: WitnessHub) => hub.forgeHead(3)],
  ])('and %s is named at the start', async (_, lie) => {
    using bench = await witnessed()
    bench.note(1)
    await bench.witnessing.show()
    lie(bench.hub)
    await bench.witnessing.checkOwn()
    expect(bench.events().at(-1)).toBe('hub.doubted')
    expect(bench.store.standing.isolation()).toBeUndefined()
    expect(bench.log.epoch).toBe(0)
  })

  it('and was restored from an older copy gets everything again', async () => {
    using bench = await witnessed()
    const { head, segments } = bench.hub
    bench.note(300)
    await bench.witnessing.show()
    Object.assign(bench.hub, { head, segments: segments.slice(0, 1) })
    await bench.witnessing.checkOwn()
    bench.note(1)
    await bench.witnessing.show()
    expect(bench.hub.leafHashes).toEqual(bench.leafHashes())
  })

  it.each([0, 1])(
    'and lost its head and all but %s segments gets the rest again',
    async (count) => {
      using bench = await witnessed()
      bench.note(300)
      await bench.witnessing.show()
      Object.assign(bench.hub, { head: null, segments: bench.hub.segments.slice(0, count) })
      bench.note(1)
      await bench.witnessing.show()
      await bench.witnessing.show()
      expect(bench.hub.leafHashes).toEqual(bench.leafHashes())
      expect(bench.events().filter((event) => event === 'hub.doubted')).toHaveLength(1)
    },
  )

  it('and says that it has more than there is gets what comes next all the same', async () => {
    using bench = await witnessed()
    const store = bench.hub.storeSegment.bind(bench.hub)
    bench.hub.storeSegment = async (segment) => (await store(segment)) + 1_000
    bench.note(2)
    await bench.witnessing.show()
    expect(bench.state()).toMatchObject({ size: 5, segmentsTo: 5 })
    bench.note(2)
    await bench.witnessing.show()
    expect(bench.hub.leafHashes).toEqual(bench.leafHashes())
  })

  it('and lost segments alone gets them again', async () => {
    using bench = await witnessed()
    bench.note(300)
    await bench.witnessing.show()
    bench.hub.segments = bench.hub.segments.slice(0, 1)
    bench.note(1)
    await bench.witnessing.show()
    expect(bench.hub.leafHashes).toEqual(bench.leafHashes())
  })

  it('cannot talk an agent into an epoch or into isolation with a head by another key', async () => {
    using bench = await witnessed()
    bench.hub.forgeHead(99)
    await bench.witnessing.checkOwn()
    expect([bench.log.epoch, bench.store.standing.isolation()]).toEqual([0, undefined])
    bench.note(1)
    bench.hub.lie.refuses = true
    await bench.witnessing.show()
    expect([bench.log.epoch, bench.store.standing.isolation()]).toEqual([0, undefined])
  })
})

describe('a hub that was restored from a backup', () => {
  /** A hub that is two heads behind what this agent saw, which has noticed it. */
  async function restored(): Promise<WitnessBench> {
    const bench = await witnessed()
    const restore = bench.hub.backUp()
    for (const _ of [1, 2]) {
      bench.note(2)
      await bench.witnessing.show()
    }
    restore()
    bench.note(1)
    await bench.witnessing.show()
    expect(bench.state().doubt).toContain('an older head')
    return bench
  }

  it("is believed again on an operator's word, gets everything, and is doubted no more for that", async () => {
    using bench = await restored()
    await bench.believe()
    expect(bench.state()).toMatchObject({ doubt: null, doubtedSinceMs: null })
    await bench.witnessing.show()
    await bench.witnessing.show()
    expect(bench.hub.leafHashes).toEqual(bench.leafHashes())
    await bench.witnessing.checkOwn()
    expect(bench.state()).toMatchObject({ doubt: null, size: bench.log.size })
  })

  it('may come before the agent notices, which then does not', async () => {
    using bench = await witnessed()
    const restore = bench.hub.backUp()
    bench.note(2)
    await bench.witnessing.show()
    restore()
    await bench.believe()
    await bench.witnessing.checkOwn()
    bench.note(1)
    await bench.witnessing.show()
    await bench.witnessing.show()
    expect(bench.events()).not.toContain('hub.doubted')
    expect(bench.hub.leafHashes).toEqual(bench.leafHashes())
  })

  it('is held to the head in the word: one that loses it as well is doubted again', async () => {
    using bench = await restored()
    await bench.believe()
    await bench.witnessing.show()
    bench.hub.forget()
    await bench.witnessing.show()
    expect(bench.state().doubt).toContain('had 1 entries and has 0 now')
  })

  it('is not doubted for an answer that was asked for before the word came', async () => {
    using bench = await witnessed()
    bench.note(1)
    await bench.witnessing.show()
    const ask = bench.hub.witnessHead.bind(bench.hub)
    bench.hub.witnessHead = async (head) => {
      bench.hub.rewrite()
      const answer = await ask(head)
      await bench.believe()
      return answer
    }
    bench.note(1)
    await bench.witnessing.show()
    expect(bench.state().doubt).toBeNull()
    bench.hub.witnessHead = ask
    await bench.witnessing.show()
    await bench.witnessing.show()
    expect(bench.state()).toMatchObject({ doubt: null, size: bench.log.size })
  })
})

describe('errors of the channel', () => {
  it('that are no refusal of a head are for whoever calls', async () => {
    using bench = await witnessed()
    bench.note(1)
    bench.hub.fault = new CodedError('ERR_HUB_REFUSED', 'quota')
    await expect(bench.witnessing.show()).rejects.toThrowCode('ERR_HUB_REFUSED')
    expect(bench.state()).toMatchObject({ size: 3, doubt: null, forkNote: null })
  })
})
