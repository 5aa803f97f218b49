// SPDX-License-Identifier: Apache-2.0
/** Finds what waits for signatures: by id or its short form, and says where it stands. */
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { ProposalState } from '../output/review-screen.ts'
import type { Operator } from './operator.ts'
import { isSubmitted, readProposals } from './proposals.ts'
import type { Proposal } from './proposals.ts'
import { learnAgents } from './roster.ts'

/** A proposal and where it stands. */
export interface FoundProposal {
  readonly proposal: Proposal
  readonly state: ProposalState
}

/** The proposal of an id, whole or as it is shown (`0193f2ab…c21`). Throws: ERR_JOB_UNKNOWN. */
export async function findProposal(operator: Operator, typed: string): Promise<FoundProposal> {
  await learnAgents(operator)
  const [, head = '', tail = ''] =
    /^([0-9a-f-]{4,36})(?:(?:…|\.{2,3})([0-9a-f]{1,12}))?$/.exec(typed) ?? []
  const found =
    head === ''
      ? []
      : (await readProposals(operator)).filter(({ id }) => id.startsWith(head) && id.endsWith(tail))
  const [proposal] = found
  if (proposal === undefined || found.length > 1) {
    throw unknown(typed, proposal === undefined ? 'none of it was left for you' : 'it fits several')
  }
  return { proposal, state: await proposalState(operator, proposal) }
}

/** Everything that still waits, newest first. */
export async function awaitingProposals(operator: Operator): Promise<FoundProposal[]> {
  const proposals = await readProposals(operator)
  const found = await Promise.all(
    proposals.map(async (proposal) => ({
      proposal,
      state: await proposalState(operator, proposal),
    })),
  )
  return found.filter(({ state }) => state === 'awaiting' || state === 'complete')
}

/** Why submitted first: what the agent has cannot be taken back by a word that came later. */
async function proposalState(operator: Operator, proposal: Proposal): Promise<ProposalState> {
  if (await isSubmitted(operator, proposal)) return 'submitted'
  if (proposal.withdrawn !== undefined) return 'withdrawn'
  if (Date.parse(proposal.endsAt) <= operator.now()) return 'expired'
  return proposal.standing.isComplete ? 'complete' : 'awaiting'
}

/** Throws unless it waits for signatures, or for being given to the agent. */
export function expectOpen({ proposal, state }: FoundProposal): void {
  const { id, endsAt, withdrawn } = proposal
  const nothing = 'Nothing was signed.'
  if (state === 'submitted') {
    throw new Problem(
      'ERR_ALREADY_SUBMITTED',
      'it has all its signatures and was given to the agent',
      {
        exit: EXIT.refused,
        unharmed: nothing,
        remedy: 'See what became of it:',
        commands: [`sallyport job show ${id}`],
      },
    )
  }
  if (state === 'withdrawn') {
    throw new Problem('ERR_WITHDRAWN', `${withdrawn!.by} has taken it back`, {
      exit: EXIT.refused,
      details: { why: withdrawn!.why },
      unharmed: nothing,
      remedy: 'Ask them why.',
    })
  }
  if (state === 'expired') {
    throw new Problem('ERR_EXPIRED', 'it has expired', {
      exit: EXIT.refused,
      details: { expired: endsAt },
      unharmed: nothing,
      remedy: 'Whoever wanted it signs it anew.',
    })
  }
}

function unknown(typed: string, why: string): Problem {
  return new Problem(
    'ERR_JOB_UNKNOWN',
    `nothing awaits signatures as ${JSON.stringify(typed)}: ${why}`,
    {
      exit: EXIT.usage,
      unharmed: 'Nothing was signed.',
      remedy: 'See what does:',
      commands: ['sallyport job list'],
    },
  )
}
