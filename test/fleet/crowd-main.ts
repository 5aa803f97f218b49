// SPDX-License-Identifier: Apache-2.0
/** A crowd: a process in which many light agents live. It is started by a fleet and told what to do by it. */
import { publicIdentity } from '@sallyport/core/crypto'
import { openHubClient, hubRefusalOf } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import { setTimeout as sleep } from 'node:timers/promises'
import { HeldPolls } from './held-polls.ts'
import { identityOf, joinSite } from './join-site.ts'
import { LightAgent } from './light-agent.ts'
import type { EnrolledAgent, FromCrowd, NewAgent, ToCrowd } from './messages.ts'

/** How often it tells where it stands. */
const COUNT_EVERY_MS = 100
/** Enrolments at once. */
const AT_ONCE = 8

const polls = new HeldPolls()
const agents = new Map<string, LightAgent>()
const stop = new AbortController()
const failures: Record<string, number> = {}
let pollCount = 0
let answeredCount = 0
let effectCount = 0
let site = { url: '', seed: new Uint8Array() }

const events = {
  onPolled: () => void (pollCount += 1),
  onEffect: () => void (effectCount += 1),
  onAnswered: () => void (answeredCount += 1),
  onError(error: unknown) {
    const code = hubRefusalOf(error)?.code ?? (isCodedError(error) ? error.code : String(error))
    failures[code] = (failures[code] ?? 0) + 1
  },
}

type Told<K extends ToCrowd['kind']> = Extract<ToCrowd, { kind: K }>

function tell(message: FromCrowd): void {
  process.send?.(message)
}

process.on('message', (message: ToCrowd) => void obey(message))
// A fleet that is gone takes its crowds with it.
process.on('disconnect', () => process.exit(0))
tell({ kind: 'ready' })

async function obey(message: ToCrowd): Promise<void> {
  if (message.kind === 'begin') begin(message)
  else if (message.kind === 'enrol') await enrol(message)
  else if (message.kind === 'poll') await poll(message)
  else if (message.kind === 'absent') {
    const agentIds = [...agents.keys()].filter((agentId) => !polls.has(agentId))
    tell({ kind: 'absent', question: message.question, agentIds })
  } else process.exit(0)
}

function sums() {
  return { answeredCount, effectCount, failures }
}

function begin({ url, seed }: Told<'begin'>): void {
  site = { url, seed: Buffer.from(seed, 'hex') }
  const count = (): void => tell({ kind: 'count', heldCount: polls.count(), pollCount, ...sums() })
  setInterval(count, COUNT_EVERY_MS)
}

async function enrol({ batch, agents: list }: Told<'enrol'>): Promise<void> {
  try {
    const enrolled: EnrolledAgent[] = []
    const waiting = list.values()
    const lane = async (): Promise<void> => {
      for (const one of waiting) enrolled.push(await enrolOne(one))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, lane))
    tell({ kind: 'enrolled', batch, agents: enrolled })
  } catch (error) {
    tell({ kind: 'failed', batch, why: String(error) })
  }
}

async function enrolOne({ index, name, code }: NewAgent): Promise<EnrolledAgent> {
  const identity = identityOf(site.seed, index, name)
  const clock = { now: Date.now }
  const hub = openHubClient({ url: site.url, key: identity.signing, clock })
  const membership = await joinSite(hub, identity, code)
  const { agentId } = membership
  agents.set(agentId, new LightAgent({ identity, membership, hub, events }))
  return { ...publicIdentity(identity), agentId, name }
}

/** Agents that were started long ago poll at all times of a minute. */
async function poll({ withinMs, waitSeconds }: Told<'poll'>): Promise<void> {
  for (const [agentId, agent] of agents) {
    void polls.during(agentId, async () => {
      await sleep(Math.random() * withinMs)
      await agent.poll(waitSeconds, stop.signal)
    })
  }
}
