// SPDX-License-Identifier: Apache-2.0
/** The way of a fleet: enrolled, connected, idle, with jobs, with its hub restarted; and what that took. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KnownAgent } from '../support/operator.ts'
import { Fleet, type FleetOptions } from './fleet.ts'
import { Gauge, type Reading } from './gauge.ts'
import { measureSoak, type SoakReport } from './measure-soak.ts'

/** What is to be done. Units: milliseconds. */
export interface FleetRun extends FleetOptions {
  readonly agentCount: number
  /** How long the agents take to begin polling the first time. */
  readonly rampMs: number
  readonly idleMs: number
  readonly jobCount: number
  /** How the hub is ended before it is started again; null leaves it alone. */
  readonly restart: NodeJS.Signals | null
  /** How long jobs and polls go on as fast as they can be, after all else. */
  readonly soakMs?: number | undefined
  /** The longest that is waited until all are held. */
  readonly patienceMs: number
}

/** What came of it. Units: milliseconds, unless the name says otherwise. */
export interface FleetReport {
  readonly agentCount: number
  readonly enrolledMs: number
  /** From the first poll until all were held; undefined when they never were. */
  readonly connectedMs: number | undefined
  readonly idle: { readonly cpuPercent: number; readonly rssMib: number } | undefined
  /** From submission to the verified answer, sorted. */
  readonly jobsMs: readonly number[]
  readonly restart: RestartReport | undefined
  readonly soak: SoakReport | undefined
  /** Effects in all agents, and answers that the hub took from them. */
  readonly effectCount: number
  readonly answeredCount: number
  readonly failures: Readonly<Record<string, number>>
}

/** What came of a restart. Times count from the moment at which the hub listens again. */
export interface RestartReport {
  readonly awayMs: number
  readonly back50Ms: number | undefined
  readonly back95Ms: number | undefined
  readonly backAllMs: number | undefined
  /** A job that was submitted in the moment at which 95 per cent were back, for one of them. */
  readonly firstJobMs: number | undefined
  readonly cpuSeconds: number | undefined
  readonly peakRssMib: number | undefined
}

const SETTLE_MS = 2_000
/** The others are between two polls: one that has just gone out does not count yet. */
const ALL = 0.99
const LONG_WAIT_SECONDS = 20

/** Runs a fleet. `onReading` is told once a second where it stands. */
export async function runFleet(
  run: FleetRun,
  onReading: (reading: Reading) => void = () => {},
): Promise<FleetReport> {
  await using fleet = await Fleet.open(run)
  await using gauge = new Gauge(fleet, onReading)
  gauge.phase = 'enrol'
  const enrolledMs = await timed(() => fleet.enrol(run.agentCount))
  gauge.phase = 'connect'
  fleet.poll(run.rampMs)
  // Where requests are short, many are between two of them at any moment.
  const { waitSeconds = LONG_WAIT_SECONDS } = run
  const atOnce = waitSeconds < LONG_WAIT_SECONDS ? 0.5 : ALL
  const connectedMs = await fleet.untilHeld(Math.ceil(run.agentCount * atOnce), run.patienceMs)
  gauge.phase = 'idle'
  const idle = await measureIdle(gauge, run.idleMs)
  gauge.phase = 'jobs'
  const jobsMs = await measureJobs(fleet, run.jobCount)
  gauge.phase = 'restart'
  const restart = run.restart === null ? undefined : await measureRestart(fleet, gauge, run)
  gauge.phase = 'soak'
  const soak = run.soakMs === undefined ? undefined : await measureSoak(fleet, gauge, run.soakMs)
  const { heldCount: _, ...sums } = fleet.count
  const { agentCount } = run
  return { agentCount, enrolledMs, connectedMs, idle, jobsMs, restart, soak, ...sums }
}

async function measureIdle(gauge: Gauge, idleMs: number): Promise<FleetReport['idle']> {
  if (idleMs === 0) return undefined
  await sleep(Math.min(SETTLE_MS, idleMs))
  const from = await gauge.read()
  await sleep(idleMs)
  const to = await gauge.read()
  if (from === undefined || to === undefined) return undefined
  return { cpuPercent: (100 * (to.cpuMs - from.cpuMs)) / (to.atMs - from.atMs), rssMib: to.rssMib }
}

async function measureJobs(fleet: Fleet, jobCount: number): Promise<number[]> {
  const tookMs: number[] = []
  for (let n = 0; n < jobCount; n += 1) tookMs.push(await fleet.job(anyOf(fleet.agents)))
  return tookMs.sort((a, b) => a - b)
}

async function measureRestart(fleet: Fleet, gauge: Gauge, run: FleetRun): Promise<RestartReport> {
  const { agentCount, patienceMs } = run
  const awayMs = await fleet.restartHub(run.restart!)
  gauge.forgetPeak()
  const startedAt = performance.now()
  const reached = async (share: number): Promise<number | undefined> => {
    const leftMs = patienceMs - (performance.now() - startedAt)
    const isThere = await fleet.untilHeld(Math.ceil(agentCount * share), leftMs)
    return isThere === undefined ? undefined : performance.now() - startedAt
  }
  const back50Ms = await reached(0.5)
  const back95Ms = await reached(0.95)
  const first = back95Ms === undefined ? undefined : firstJob(fleet)
  const backAllMs = await reached(ALL)
  const firstJobMs = await first
  const end = await gauge.read()
  return {
    awayMs,
    back50Ms,
    back95Ms,
    backAllMs,
    firstJobMs,
    cpuSeconds: end && end.cpuMs / 1_000,
    peakRssMib: end && gauge.peakRssMib,
  }
}

async function firstJob(fleet: Fleet): Promise<number> {
  return fleet.job(anyOf(await fleet.held()))
}

function anyOf(agents: readonly KnownAgent[]): KnownAgent {
  return agents[Math.floor(Math.random() * agents.length)]!
}

async function timed(run: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return performance.now() - startedAt
}
