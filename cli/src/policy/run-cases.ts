// SPDX-License-Identifier: Apache-2.0
/** Holds a policy against cases: what it decides, by which rules, and whether that is what the case expects. */
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { PolicyCase } from './cases.ts'
import { explain, parsePrincipal, parseSigners } from './decide.ts'
import type { Explained } from './decide.ts'
import { findJobType } from './world.ts'
import type { PolicySite } from './world.ts'

/** A case and what came of it. */
export interface CaseOutcome {
  readonly case: PolicyCase
  readonly explained: Explained
  readonly isAsExpected: boolean
}

/** What cases are decided in. */
export interface CaseSetting {
  readonly text: string
  readonly siteName: string
  readonly site: PolicySite
  readonly nowMs: number
}

/** Decides every case. Throws: ERR_POLICY_FORM, ERR_POLICY_CASES for a job type that nobody has approved. */
export function runCases(cases: readonly PolicyCase[], setting: CaseSetting): CaseOutcome[] {
  return cases.map((each) => {
    const { agent: agentName, jobType, input, step, expect, rule } = each
    const job = findJobType(setting.site, agentName, jobType)
    if (job === undefined) throw unknownJobType(each)
    const principal = parsePrincipal(each.principal)
    const signers = parseSigners(each.signers ?? [each.principal])
    const nowMs = each.at === undefined ? setting.nowMs : Date.parse(each.at)
    const request = { principal, jobType, job, input, step, signers, nowMs }
    const explained = explain(setting.text, setting.siteName, { ...request, agentName })
    const { allowed, rules } = explained.decision
    const isExpected = allowed === (expect === 'allow')
    return {
      case: each,
      explained,
      isAsExpected: isExpected && (rule === undefined || rules.includes(rule)),
    }
  })
}

function unknownJobType({ name, jobType, agent }: PolicyCase): Problem {
  const what = `case "${name}": no plugin on record has ${jobType} on ${agent}`
  return new Problem('ERR_POLICY_CASES', what, {
    exit: EXIT.usage,
    unharmed: 'Nothing was decided.',
    remedy: 'Approve its plugin first, or give its manifest: --manifest <manifest.json>.',
  })
}
