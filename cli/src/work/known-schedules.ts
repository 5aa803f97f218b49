// SPDX-License-Identifier: Apache-2.0
/** Finds the schedules that a person means, each with its agent. */
import { isPinned, readAgents } from '../operator/agents.ts'
import type { PinnedAgent } from '../operator/agents.ts'
import type { Operator } from '../operator/operator.ts'
import { learnSchedules, stateOfSchedule } from '../operator/schedules.ts'
import type { ScheduleRecord, ScheduleState } from '../operator/schedules.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'

/** A schedule, where it stands, and on which agent. */
export interface KnownSchedule {
  readonly record: ScheduleRecord
  readonly agent: PinnedAgent
  readonly state: ScheduleState
}

/** Which schedules are meant. */
export interface MeantSchedules {
  readonly name?: string | undefined
  readonly agent?: string | undefined
  /** Also those that ended or never began. */
  readonly isAll?: boolean
}

/** The schedules of the site that fit, by name and agent. Throws: ERR_SCHEDULE_UNKNOWN when a name fits none. */
export async function knownSchedules(
  operator: Operator,
  { name, agent, isAll = false }: MeantSchedules,
): Promise<KnownSchedule[]> {
  const records = await learnSchedules(operator)
  const agents = new Map((await readAgents(operator.home)).map((each) => [each.agentId, each]))
  const nowMs = operator.now()
  const found = records.flatMap((record): KnownSchedule[] => {
    const on = agents.get(record.agentId)
    if (on === undefined || !isPinned(on)) return []
    const state = stateOfSchedule(record, nowMs)
    if (name !== undefined && record.schedule.name !== name) return []
    if (agent !== undefined && on.name !== agent) return []
    return isAll || isThere(state) ? [{ record, agent: on, state }] : []
  })
  if (found.length === 0 && name !== undefined) throw unknown(name, agent)
  return found.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
}

function isThere(state: ScheduleState): boolean {
  return state === 'active' || state === 'paused' || state === 'sent'
}

function sortKey({ record, agent }: KnownSchedule): string {
  return `${record.schedule.name} ${agent.name} ${record.schedule.issuedAt}`
}

function unknown(name: string, agent: string | undefined): Problem {
  const where = agent === undefined ? '' : ` on ${agent}`
  return new Problem('ERR_SCHEDULE_UNKNOWN', `no schedule ${JSON.stringify(name)}${where}`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was changed.',
    remedy: 'See the schedules:',
    commands: ['sallyport schedule list --all'],
  })
}
