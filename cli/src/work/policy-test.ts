// SPDX-License-Identifier: Apache-2.0
/** Holds a policy against the cases of a file. */
import type { Home } from '../home.ts'
import { readSite } from '../operator/site.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { safeText } from '../output/safe-text.ts'
import type { Talk } from '../output/talk.ts'
import { counted } from '../output/words.ts'
import { readCases } from '../policy/cases.ts'
import { expectPolicy } from '../policy/current.ts'
import { decisionJson } from '../policy/decision-screen.ts'
import { readPolicyFile } from '../policy/policy-file.ts'
import { runCases } from '../policy/run-cases.ts'
import type { CaseOutcome } from '../policy/run-cases.ts'
import { readPolicySite } from '../policy/world.ts'

/** Decides each case and says which came out otherwise. */
export async function policyTest(
  home: Home,
  talk: Talk,
  request: {
    readonly cases: string
    readonly file?: string | undefined
    readonly manifests: readonly string[]
  },
): Promise<ExitCode> {
  const { root } = (await readSite(home)).root
  const site = await readPolicySite(home, root, request.manifests)
  const text =
    request.file === undefined
      ? (await expectPolicy(home)).policy.text
      : (await readPolicyFile(request.file)).text
  const setting = { text, siteName: root.siteName, site, nowMs: Date.now() }
  const outcomes = runCases(await readCases(request.cases), setting)
  const failed = outcomes.filter(({ isAsExpected }) => !isAsExpected)
  const document = {
    format: 'sallyport.policy-test/1',
    failedCount: failed.length,
    cases: outcomes.map(caseJson),
  }
  talk.answer(document, () =>
    [
      ...outcomes.map((outcome) => caseLine(outcome, talk)),
      `${counted(outcomes.length - failed.length, 'case')} as expected, ${failed.length} not`,
    ].join('\n'),
  )
  return failed.length === 0 ? EXIT.done : EXIT.failed
}

function caseLine({ case: each, explained, isAsExpected }: CaseOutcome, { paint }: Talk): string {
  const { decision } = explained
  const said = decision.allowed ? 'allow' : 'deny'
  const by = decision.rules.length === 0 ? 'no rule' : decision.rules.map(safeText).join(', ')
  const mark = isAsExpected ? paint.good('ok    ') : paint.bad('FAILED')
  const wanted = each.rule === undefined ? each.expect : `${each.expect} by ${safeText(each.rule)}`
  const more = isAsExpected ? '' : `, expected ${wanted}`
  return `${mark} ${safeText(each.name)}: ${said} by ${by}${more}`
}

function caseJson({ case: each, explained, isAsExpected }: CaseOutcome): object {
  const { name, expect, rule } = each
  return { name, expect, rule: rule ?? null, isAsExpected, decision: decisionJson(explained) }
}
