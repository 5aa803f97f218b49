// SPDX-License-Identifier: Apache-2.0
/** What is going to happen in one run, drawn from its seed: who submits what and when, and which troubles come. */
import { jobPaper, orderPaper, RIGHT_JOBS, WRONG_JOBS, type Paper } from './papers.ts'
import type { Chance } from './random.ts'
import { AGENTS } from './site.ts'

const MINUTE = 60_000

/** A document and when it is submitted. Units: milliseconds since the beginning. */
export interface Planned {
  readonly atMs: number
  readonly paper: Paper
}

/** What is drawn before a run begins. */
export interface Scenario {
  readonly agentCount: number
  /** Whether the agents have the plugin already. */
  readonly isApproved: boolean
  readonly planned: readonly Planned[]
  /** When the world heals. */
  readonly healsMs: number
}

/** Draws a scenario and has its documents made. */
export async function drawScenario(chance: Chance): Promise<Scenario> {
  const agentCount = chance.happens(0.25) ? 2 : 1
  const isApproved = chance.happens(0.85)
  const healsMs = chance.between(2, 5) * MINUTE
  const planned: Planned[] = []
  if (!isApproved) {
    for (let agent = 0; agent < agentCount; agent += 1) {
      planned.push({
        atMs: chance.between(0, 30_000),
        paper: await orderPaper({ kind: 'approval' }, agent, 0),
      })
    }
  }
  if (chance.happens(0.15)) planned.push(...(await drawRevocation(chance, agentCount)))
  if (chance.happens(0.12)) planned.push(...(await drawIsolation(chance, agentCount)))
  const jobCount = chance.between(2, 5)
  const jobs: Planned[] = []
  for (let copy = 0; copy < jobCount; copy += 1) {
    const issuedMs = chance.pick([0, 1, 3]) * MINUTE
    const paper = await jobPaper({
      variant: chance.happens(0.75) ? chance.pick(RIGHT_JOBS) : chance.pick(WRONG_JOBS),
      agent: chance.below(agentCount),
      issuedMs,
      lifeMs: chance.pick([90_000, 10 * MINUTE]),
      copy: copy % 2,
    })
    const atMs = issuedMs + chance.between(0, 50_000)
    if (jobs.every((each) => each.paper !== paper)) jobs.push({ atMs, paper })
  }
  planned.push(...jobs)
  if (chance.happens(0.2)) planned.push(await drawCancellation(chance, jobs))
  return { agentCount, isApproved, planned, healsMs }
}

/** A revocation in the middle, and sometimes a new approval after it. */
async function drawRevocation(chance: Chance, agentCount: number): Promise<Planned[]> {
  const agent = chance.below(agentCount)
  const issuedMs = chance.pick([1, 2]) * MINUTE
  const [revoked, approved] = await pair(['revocation', 'approval'], agent, issuedMs, chance)
  return chance.happens(0.5) ? [revoked] : [revoked, approved]
}

/** Isolation in the middle, and sometimes its lift. */
async function drawIsolation(chance: Chance, agentCount: number): Promise<Planned[]> {
  const agent = chance.below(agentCount)
  const issuedMs = chance.pick([0, 1]) * MINUTE
  const [isolated, lifted] = await pair(['isolation', 'lift'], agent, issuedMs, chance)
  return chance.happens(0.3) ? [isolated] : [isolated, lifted]
}

async function pair(
  kinds: readonly ['revocation' | 'isolation', 'approval' | 'lift'],
  agent: number,
  issuedMs: number,
  chance: Chance,
): Promise<[Planned, Planned]> {
  const later = issuedMs + MINUTE
  return [
    {
      atMs: issuedMs + chance.between(0, 20_000),
      paper: await orderPaper({ kind: kinds[0] }, agent, issuedMs),
    },
    {
      atMs: later + chance.between(0, 20_000),
      paper: await orderPaper({ kind: kinds[1] }, agent, later),
    },
  ]
}

/** A cancellation of one of the jobs, about when it is submitted. */
async function drawCancellation(chance: Chance, jobs: readonly Planned[]): Promise<Planned> {
  const { atMs, paper } = chance.pick(jobs)
  const agent = AGENTS.findIndex(({ agentId }) => agentId === paper.agentId)
  const order = { kind: 'cancellation' as const, jobId: paper.id }
  const cancelled = await orderPaper(order, agent, paper.issuedMs)
  return { atMs: Math.max(0, atMs + chance.between(-2_000, 4_000)), paper: cancelled }
}
