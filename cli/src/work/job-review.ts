// SPDX-License-Identifier: Apache-2.0
/** Shows a colleague what they are asked to sign, signs it on their yes, takes it back. */
import { documents } from '@sallyport/core/protocol'
import { readAgents } from '../operator/agents.ts'
import { waitForAnswer } from '../operator/answers.ts'
import { awaitingText } from '../operator/awaiting.ts'
import { expectOpen, findProposal } from '../operator/find-proposal.ts'
import type { FoundProposal } from '../operator/find-proposal.ts'
import { readKnownJob } from '../operator/known-jobs.ts'
import type { Operator } from '../operator/operator.ts'
import { selfOf } from '../operator/people.ts'
import { addOwnSignature, hasSigned, withdraw } from '../operator/proposals.ts'
import type { Proposal } from '../operator/proposals.ts'
import { isStillNeeded } from '../operator/signatures.ts'
import { submit } from '../operator/submit.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { proposalJson, reviewScreen, titleOf } from '../output/review-screen.ts'
import type { ReviewShown } from '../output/review-screen.ts'
import { safeText } from '../output/safe-text.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { showJob } from './show-job.ts'

/** How something is signed. */
export interface SignRequest {
  readonly typed: string
  readonly isAgreed: boolean
  readonly isWaiting: boolean
  readonly timeoutMs: number
}

/** Shows what waits for signatures; signs nothing. */
export async function jobReview(operator: Operator, talk: Talk, typed: string): Promise<number> {
  const shown = await look(operator, talk, typed)
  talk.answer(proposalJson(shown), () => reviewScreen(shown, talk.paint))
  const { state, proposal } = shown
  if (state === 'awaiting' && mayHelp(operator, proposal)) {
    talk.say(`\nsign it:\n  sallyport job sign ${proposal.id}`)
  }
  return EXIT.done
}

/** Shows it, asks, signs exactly what was shown, and gives it to the agent once enough have signed. */
export async function jobSign(
  operator: Operator,
  talk: Talk,
  request: SignRequest,
): Promise<number> {
  const shown = await look(operator, talk, request.typed)
  expectOpen(shown)
  let { proposal } = shown
  if (!proposal.standing.isComplete) {
    expectUseful(operator, proposal)
    await confirmOrStop(talk, {
      shown: reviewScreen(shown, talk.aside),
      question: `Sign it as ${operator.identity.name}?`,
      isAgreed: request.isAgreed,
    })
    proposal = await waiting(talk, 'giving the signature to the hub', () =>
      addOwnSignature(operator, proposal),
    )
  }
  if (proposal.standing.isComplete) return complete(operator, talk, { ...shown, proposal }, request)
  talk.answer(proposalJson({ ...shown, proposal }), () =>
    awaitingText(operator, { id: proposal.id, standing: proposal.standing }),
  )
  return EXIT.done
}

/** Takes back what one proposed. */
export async function jobWithdraw(
  operator: Operator,
  talk: Talk,
  { typed, why }: { typed: string; why: string },
): Promise<number> {
  const shown = await look(operator, talk, typed)
  expectOpen(shown)
  const { proposal } = shown
  const self = selfOf(operator)
  const { name, role } = proposal.proposer
  if (name !== self.name || role !== self.role) {
    throw new Problem(
      'ERR_NOT_YOURS',
      `${safeText(name)} wanted it, and only they can take it back`,
      {
        exit: EXIT.refused,
        unharmed: 'Nothing was changed.',
        remedy: 'Do not sign it; where it may have been given to the agent, cancel it:',
        commands: [`sallyport job cancel ${proposal.id} --why <text>`],
      },
    )
  }
  await withdraw(operator, proposal, why)
  const withdrawn = { by: name, why }
  const document = proposalJson({
    ...shown,
    state: 'withdrawn',
    proposal: { ...proposal, withdrawn },
  })
  talk.answer(document, () => `withdrawn ${titleOf(shown)}`)
  return EXIT.done
}

async function look(
  operator: Operator,
  talk: Talk,
  typed: string,
): Promise<ReviewShown & FoundProposal> {
  const found = await waiting(talk, 'asking the hub', () => findProposal(operator, typed))
  return { ...found, agents: await readAgents(operator.home), nowMs: operator.now() }
}

async function complete(
  operator: Operator,
  talk: Talk,
  shown: ReviewShown,
  { isWaiting, timeoutMs }: SignRequest,
): Promise<number> {
  const { proposal } = shown
  const isFirst = await waiting(talk, 'giving it to the agent', () => submit(operator, proposal))
  talk.say(isFirst ? 'all signatures are there; given to the agent' : 'a colleague was faster')
  const { id, kind } = proposal
  const submitted = { ...shown, state: 'submitted' as const }
  if (!isWaiting || kind.name !== documents.job.name) {
    talk.answer(proposalJson(submitted), () => `submitted ${titleOf(shown)}`)
    return EXIT.done
  }
  const untilMs = operator.now() + timeoutMs
  const view = await waiting(talk, 'waiting for the answer', () =>
    waitForAnswer(operator, id, { untilMs }),
  )
  const known = view && (await readKnownJob(operator, view))
  if (known !== undefined) return showJob(talk, known)
  talk.answer(proposalJson(submitted), () => `submitted ${titleOf(shown)}`)
  return EXIT.done
}

function mayHelp(operator: Operator, proposal: Proposal): boolean {
  return !hasSigned(operator, proposal) && isStillNeeded(proposal.standing, selfOf(operator).role)
}

/** Why: nobody counts twice, and a signature that changes nothing would only look as if it did. */
function expectUseful(operator: Operator, proposal: Proposal): void {
  if (mayHelp(operator, proposal)) return
  const hasOwn = hasSigned(operator, proposal)
  const what = hasOwn
    ? 'you have signed it already, and nobody counts twice'
    : 'yours is not needed'
  throw new Problem('ERR_SIGNATURE_NOT_NEEDED', what, {
    exit: EXIT.refused,
    unharmed: 'Nothing was signed.',
    remedy: 'Who is still needed:',
    commands: [`sallyport job review ${proposal.id}`],
  })
}
