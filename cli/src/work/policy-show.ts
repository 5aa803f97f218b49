// SPDX-License-Identifier: Apache-2.0
/** Shows the policy that counts, and one that waits for signatures. */
import type { Operator } from '../operator/operator.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { safeLines } from '../output/safe-text.ts'
import type { Talk } from '../output/talk.ts'
import { relative } from '../output/words.ts'
import { expectPolicy, readDrafts, syncPolicy } from '../policy/current.ts'
import type { PolicyDraft } from '../policy/current.ts'

/** Fetches what is new and shows the text. Throws: ERR_NO_POLICY. */
export async function policyShow(operator: Operator, talk: Talk): Promise<ExitCode> {
  await syncPolicy(operator)
  const { policy, digest } = await expectPolicy(operator.home)
  const drafts = await readDrafts(operator)
  const pending = drafts.find((each) => !each.isComplete && each.policy.version > policy.version)
  const { version, issuedAt, text } = policy
  const document = {
    format: 'sallyport.policy-show/1',
    version,
    issuedAt,
    digest,
    text,
    pending: pending === undefined ? null : pendingJson(pending),
  }
  talk.answer(document, () => {
    const age = relative(Date.parse(issuedAt), operator.now())
    const head = `// policy ${version} of site ${operator.site.name}, signed ${age}`
    return `${talk.paint.dim(head)}\n${safeLines(text).trimEnd()}`
  })
  if (pending !== undefined) {
    const { have, need } = pending
    talk.say(
      `Policy ${pending.policy.version} waits: signed by ${have.join(', ')}, and ${need} must. Read it with:\n  sallyport policy sign`,
    )
  }
  return EXIT.done
}

function pendingJson({ policy, digest, have, need }: PolicyDraft): object {
  return { version: policy.version, digest, text: policy.text, signedBy: have, need }
}
