// SPDX-License-Identifier: Apache-2.0
/** Says which rule decides over a job: one that was signed, or one that somebody might want. */
import type { Operator } from '../operator/operator.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import type { Talk } from '../output/talk.ts'
import { expectPolicy, syncPolicy } from '../policy/current.ts'
import { explain, principalText } from '../policy/decide.ts'
import { decisionJson, decisionScreen } from '../policy/decision-screen.ts'
import { readPolicyFile } from '../policy/policy-file.ts'
import { readQuestion } from '../policy/question.ts'
import type { AskedJob } from '../policy/question.ts'

/** What is to be explained. */
export interface ExplainRequest extends AskedJob {
  /** A policy file instead of the policy that counts. */
  readonly file?: string | undefined
}

/** Decides and explains; refused when it is denied. */
export async function policyExplain(
  operator: Operator,
  talk: Talk,
  request: ExplainRequest,
): Promise<ExitCode> {
  const question = await readQuestion(operator, request)
  const text = await textOf(operator, request.file)
  const explained = explain(text, operator.site.root.root.siteName, question)
  const { principal, jobType, agentName, step, input } = question
  const signers = question.signers.map(({ role, name }) => `${role}/${name}`)
  const who = { principal: principalText(principal), signers }
  const asked = { ...who, jobType, agent: agentName, step, input }
  talk.answer({ format: 'sallyport.policy-explain/1', ...asked, ...decisionJson(explained) }, () =>
    decisionScreen(question, explained, talk.paint),
  )
  return explained.decision.allowed ? EXIT.done : EXIT.refused
}

async function textOf(operator: Operator, file: string | undefined): Promise<string> {
  if (file !== undefined) return (await readPolicyFile(file)).text
  await syncPolicy(operator)
  return (await expectPolicy(operator.home)).policy.text
}
