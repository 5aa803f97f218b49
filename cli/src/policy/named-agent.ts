// SPDX-License-Identifier: Apache-2.0
/** What goes by the name of an agent, or was signed for it alone: none of it follows when its host gets another name. */
import { rulesNaming } from '@sallyport/core/policy'
import type { AgentRecord } from '../operator/agents.ts'
import { readApprovals, standingApproval } from '../operator/approvals.ts'
import type { Operator } from '../operator/operator.ts'
import { readSchedules, stateOfSchedule } from '../operator/schedules.ts'
import { readPolicy } from './current.ts'

/** As far as this machine knows. Each is a name. */
export interface HangingOn {
  /** Rules of the policy. */
  readonly rules: readonly string[]
  /** Customers whom the agent concerns. */
  readonly customers: readonly string[]
  /** Plugins that are approved there. */
  readonly plugins: readonly string[]
  /** Schedules that it runs. */
  readonly schedules: readonly string[]
}

/** Finds it. */
export async function hangingOn(
  operator: Pick<Operator, 'home' | 'site' | 'now'>,
  { agentId, name }: Pick<AgentRecord, 'agentId' | 'name'>,
): Promise<HangingOn> {
  const { home, site } = operator
  const nowMs = operator.now()
  const policy = await readPolicy(home)
  const approvals = await readApprovals(home)
  const approved = new Set(approvals.map(({ plugin }) => plugin.name))
  const schedules = (await readSchedules(home)).filter((each) => each.agentId === agentId)
  const concerned = site.root.root.keys.filter(({ concerns }) => concerns.includes(`agent/${name}`))
  return {
    rules: rulesNaming(policy?.policy.text ?? '', 'Agent', name).map((rule) => rule.name),
    customers: [...new Set(concerned.map(({ holder }) => holder))].toSorted(),
    plugins: [...approved]
      .filter((plugin) => standingApproval(approvals, agentId, { plugin, nowMs }) !== undefined)
      .toSorted(),
    schedules: schedules
      .filter((each) => ['active', 'paused'].includes(stateOfSchedule(each, nowMs)))
      .map(({ schedule }) => schedule.name)
      .toSorted(),
  }
}
