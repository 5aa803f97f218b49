// SPDX-License-Identifier: Apache-2.0
/** One chaos run: everything starts, is troubled for its time, is mended, comes to its end, and is judged. */
import { checkHistory, type Violation } from './check-history.ts'
import type { History } from './history.ts'
import { Play } from './play.ts'
import { drawPartition, drawSchedule, drawStrikes } from './schedule.ts'
import { Stage, type StageOptions } from './stage.ts'

/** What is done. Units: milliseconds. */
export type Course =
  /** Everything to everybody, for so long. */
  | { readonly kind: 'everything'; readonly lengthMs: number }
  /** Hubs alone are killed so many times, while jobs are submitted, leased and answered. */
  | { readonly kind: 'hub-kills'; readonly killCount: number }
  /** One agent alone is cut off for so long. */
  | { readonly kind: 'partition'; readonly forMs: number }

/** What is to be run. Units: milliseconds. */
export interface ChaosRun extends StageOptions {
  readonly course: Course
  /** How long jobs may take to end once everything is mended. */
  readonly patienceMs: number
  /** Ends as soon as a rule is broken. */
  readonly isHasty?: boolean
}

/** What came of it. */
export interface ChaosReport {
  readonly violations: readonly Violation[]
  readonly jobCount: number
  readonly acceptedCount: number
  /** Accepted jobs by how they ended. */
  readonly ends: Readonly<Record<string, number>>
  readonly troubleCount: number
  /** Kills among them. */
  readonly killCount: number
  readonly wireTroubleCount: number
  /** The most attempts that one submission took. */
  readonly mostAttempts: number
  /** From the end of the troubles until the last job had ended. */
  readonly settledMs: number
}

/** How often a hasty run is looked at. */
const LOOK_EVERY_MS = 500
/** The longest that an agent may take to say what its ledger has: it may be waiting before it asks its hub again. */
const COUNT_MS = 90_000

/** Runs it. What happens is written into `history` as it is seen. */
export async function runChaos(run: ChaosRun, history: History): Promise<ChaosReport> {
  await using stage = await Stage.open(run, history)
  const play = new Play(stage, history)
  const isBroken = (): boolean => checkHistory(history.all, false).length > 0
  const looking = setInterval(() => {
    if (run.isHasty && isBroken()) play.stop()
  }, LOOK_EVERY_MS)
  stage.trouble(run.course.kind === 'everything')
  await playCourse(play, run)
  stage.trouble(false)
  const settledMs = await play.settle(run.patienceMs)
  clearInterval(looking)
  const isOver = !run.isHasty || !isBroken()
  if (isOver) await lookAtAll(stage, play, { run, history })
  return { ...sum(history), violations: checkHistory(history.all, isOver), settledMs }
}

function playCourse(play: Play, run: ChaosRun): Promise<void> {
  const { seed, course, agentCount, hubCount, hasPostgres, hasRedis } = run
  const cast = { agentCount, hubCount, hasDatabase: hasPostgres, hasRedis }
  if (course.kind === 'hub-kills') {
    return play.strikeByStrike(drawStrikes(seed, course.killCount, cast))
  }
  if (course.kind === 'everything') {
    return play.byTheClock(drawSchedule(seed, course.lengthMs, cast), course.lengthMs)
  }
  const { schedule, lengthMs } = drawPartition(seed, course.forMs, cast)
  return play.byTheClock(schedule, lengthMs)
}

/** The last look: at every job, and at every ledger, for what was refused too. */
async function lookAtAll(
  stage: Stage,
  play: Play,
  { run, history }: { run: ChaosRun; history: History },
): Promise<void> {
  for (const job of play.accepted) await play.sender.open(job)
  for (const one of [...history.all]) {
    if (one.kind === 'submitted' && one.outcome === 'refused') await play.sender.lookLast(one.jobId)
  }
  for (const [number, agent] of stage.agents.entries()) {
    const ids = history.all.flatMap((one) =>
      one.kind === 'ordered' && one.order.agent === number ? [one.jobId] : [],
    )
    await play.sender
      .count(agent, ids, Math.min(COUNT_MS, run.patienceMs))
      .catch((error: unknown) => history.note({ kind: 'silent', who: agent.name, why: `${error}` }))
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
  const beginnings = history.all.flatMap((one) => (one.kind === 'done-to' ? [one.what] : []))
  const countOf = (kind: string): number => history.all.filter((one) => one.kind === kind).length
  return {
    jobCount: countOf('ordered'),
    acceptedCount,
    ends,
    troubleCount: beginnings.filter((what) => / for [0-9]+ ms$/.test(what)).length,
    killCount: beginnings.filter((what) => what.startsWith('kill for ')).length,
    wireTroubleCount: countOf('wire'),
    mostAttempts,
  }
}
