// SPDX-License-Identifier: Apache-2.0
/** One chaos run: everything starts, is troubled for its time, is mended, comes to its end, and is judged. */
import { setTimeout as sleep } from 'node:timers/promises'
import { checkHistory, type Violation } from './check-history.ts'
import type { History } from './history.ts'
import { drawSchedule } from './schedule.ts'
import { Sender, type AcceptedJob } from './sender.ts'
import { Stage, type StageOptions } from './stage.ts'

/** What is to be run. Units: milliseconds. */
export interface ChaosRun extends StageOptions {
  readonly lengthMs: number
  /** How long jobs may take to end once everything is mended. */
  readonly patienceMs: number
}

/** What came of it. */
export interface ChaosReport {
  readonly violations: readonly Violation[]
  readonly jobCount: number
  readonly acceptedCount: number
  /** Accepted jobs by how they ended. */
  readonly ends: Readonly<Record<string, number>>
  readonly troubleCount: number
  readonly wireTroubleCount: number
  /** The most attempts that one submission took. */
  readonly mostAttempts: number
  /** From the end of the troubles until the last job had ended. */
  readonly settledMs: number
}

/** Runs it. What happens is written into `history` as it is seen. */
export async function runChaos(run: ChaosRun, history: History): Promise<ChaosReport> {
  const { seed, lengthMs, agentCount, hubCount, hasPostgres } = run
  const cast = { agentCount, hubCount, hasDatabase: hasPostgres }
  const { troubles, orders } = drawSchedule(seed, lengthMs, cast)
  await using stage = await Stage.open(run, history)
  const sender = new Sender(stage.operator, history)
  const over = new AbortController()
  const watching: Promise<void>[] = []
  const startedAt = performance.now()
  const at = (atMs: number): Promise<void> => sleep(atMs - (performance.now() - startedAt))

  stage.trouble(true)
  const suffering = troubles.map(async (trouble) => {
    await at(trouble.atMs)
    await stage.suffer(trouble)
  })
  const sending = orders.map(async (order) => {
    await at(order.atMs)
    const job = await sender.send(order, stage.agents[order.agent]!)
    if (job !== undefined) watching.push(sender.watch(job, over.signal))
    return job
  })
  await Promise.all([...suffering, at(lengthMs)])
  stage.trouble(false)

  const mendedAt = performance.now()
  const timer = setTimeout(() => over.abort(), run.patienceMs)
  const sent = (await Promise.all(sending)).filter((job) => job !== undefined)
  await Promise.all(watching)
  clearTimeout(timer)
  const settledMs = performance.now() - mendedAt
  await lookAtAll(stage, sender, { sent, history })
  return { ...sum(history), violations: checkHistory(history.all), settledMs }
}

/** The last look: every answer, and every ledger, for what was refused too. */
async function lookAtAll(
  stage: Stage,
  sender: Sender,
  { sent, history }: { sent: readonly AcceptedJob[]; history: History },
): Promise<void> {
  for (const job of sent) await sender.open(job)
  for (const [number, agent] of stage.agents.entries()) {
    const ids = history.all.flatMap((one) =>
      one.kind === 'ordered' && one.order.agent === number ? [one.jobId] : [],
    )
    await sender.count(agent, ids)
  }
}

function sum(history: History): Omit<ChaosReport, 'violations' | 'settledMs'> {
  const ends: Record<string, number> = {}
  const lastSeen = new Map<string, string>()
  let [acceptedCount, mostAttempts] = [0, 0]
  for (const one of history.all) {
    if (one.kind === 'submitted' && one.outcome === 'accepted') acceptedCount += 1
    if (one.kind === 'submitted') mostAttempts = Math.max(mostAttempts, one.attemptCount)
    if (one.kind === 'seen') lastSeen.set(one.jobId, one.state)
    if (one.kind === 'answered') lastSeen.set(one.jobId, one.state)
  }
  for (const state of lastSeen.values()) ends[state] = (ends[state] ?? 0) + 1
  const countOf = (kind: string): number => history.all.filter((one) => one.kind === kind).length
  return {
    jobCount: countOf('ordered'),
    acceptedCount,
    ends,
    troubleCount: history.all.filter(isBeginning).length,
    wireTroubleCount: countOf('wire'),
    mostAttempts,
  }
}

function isBeginning(one: History['all'][number]): boolean {
  return one.kind === 'done-to' && / for [0-9]+ ms$/.test(one.what)
}
