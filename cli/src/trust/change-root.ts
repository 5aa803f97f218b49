// SPDX-License-Identifier: Apache-2.0
/** The one way in which a trust root changes: shown, asked for, signed, published; or left for others to sign. */
import { resolve } from 'node:path'
import type { SigningKey, VerifiedRoot } from '@sallyport/core/crypto'
import type { Policy, TrustRoot } from '@sallyport/core/protocol'
import { isCodedError } from '@sallyport/sdk'
import { forEachAgent } from '../operator/each-agent.ts'
import type { AgentOutcome } from '../operator/each-agent.ts'
import { unlockOperator } from '../operator/identity.ts'
import { keepRoot } from '../operator/kept-roots.ts'
import { isMemberOf, operatorAfter } from '../operator/operator-under.ts'
import type { Operator } from '../operator/operator.ts'
import { learnAgents, publishRoster } from '../operator/roster.ts'
import { readNamedChain } from '../operator/roots.ts'
import { reviewAgents } from '../operator/descriptors.ts'
import { isPinned } from '../operator/agents.ts'
import type { PinnedAgent } from '../operator/agents.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import { onInterrupt } from '../output/on-interrupt.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { carryPolicy } from './carry-policy.ts'
import type { Carried } from './carry-policy.ts'
import { adoptNextKeys, keepNextKeys } from './next-keys.ts'
import type { NextKeys } from './next-keys.ts'
import { publishToAgent, publishToHub } from './publish-root.ts'
import type { Taken } from './publish-root.ts'
import type { RootHand, RootManner } from './root-hand.ts'
import { nextRoot, shortagesOf } from './root-change.ts'
import type { RootParts } from './root-change.ts'
import { rootDifferences } from './root-screen.ts'
import { signRoot } from './sign-root.ts'
import type { Draft } from './sign-root.ts'

/** A change, and how it is made. */
export interface RootChange {
  readonly parts: RootParts
  readonly days?: number | undefined
  /** Sentences that are shown below the differences. */
  readonly notes?: readonly string[]
  readonly question: string
  /** New keys of this person that sign too, and the files they wait in. */
  readonly cosigners?: readonly SigningKey[]
  readonly nextKeys?: NextKeys
}

/** Who heard of a new root, and what became of the policy under it. */
export type Told = Omit<Extract<Changed, { state: 'published' }>, 'state' | 'root'>

/** What became of a change. */
export type Changed =
  | {
      readonly state: 'published'
      readonly root: VerifiedRoot
      readonly outcomes: readonly AgentOutcome<Taken>[]
      /** Undefined when this machine knows no policy, or could not look. */
      readonly carried: Carried | undefined
    }
  | { readonly state: 'proposed'; readonly draft: Draft; readonly file: string }

/** Shows a change, asks, signs it and publishes it. Throws: ERR_ROOT_CHANGE, ERR_NOT_CONFIRMED, ERR_NO_ROOT_KEY, … */
export async function changeRoot(
  operator: Operator,
  talk: Talk,
  { change, manner, hand }: { change: RootChange; manner: RootManner; hand: RootHand },
): Promise<Changed> {
  const current = operator.site.root.root
  const { parts, days, question, notes = [], cosigners = [] } = change
  const nowMs = operator.now()
  const next = nextRoot(current, parts, { nowMs, ...(days === undefined ? {} : { days }) })
  const shown = changeScreen(current, next, { notes, nowMs, talk })
  await confirmOrStop(talk, { shown, question, isAgreed: manner.isAgreed })
  const keys = [await hand.unlock(), ...cosigners] as const
  const draft = signRoot(operator.site.root, next, keys)
  if (change.nextKeys !== undefined) await keepNextKeys(operator.home, change.nextKeys)
  return finish(operator, talk, { draft, keys, manner, hand })
}

/** A version that is signed, and how it goes on its way. */
export interface Finishing {
  readonly draft: Draft
  /** Root keys at hand, to sign the policy anew where that must be. */
  readonly keys: readonly SigningKey[]
  readonly manner: RootManner
  readonly hand: Pick<RootHand, 'passphrase'>
  /** Finds out about agents first, where none are known yet. */
  readonly learn?: ((operator: Operator) => Promise<void>) | undefined
  /** The policy to begin with where none is found. */
  readonly firstPolicy?: Policy | undefined
}

/** Publishes a version that has enough signatures; leaves one that has too few for the next holder. */
export async function finish(
  operator: Operator,
  talk: Talk,
  { draft, manner, ...rest }: Finishing,
): Promise<Changed> {
  if (!draft.isComplete) {
    const file = resolve(manner.out ?? `root-${draft.root.version}.json`)
    const { writeDurably } = await import('@sallyport/core/stores')
    writeDurably(file, draft.envelope, { mustBeNew: false })
    return { state: 'proposed', draft, file }
  }
  const chain = [...(await readNamedChain(operator)), draft]
  await waiting(talk, 'telling the hub', () => publishToHub(operator.hub, chain))
  await keepRoot(operator.home, draft.root.version, draft.envelope)
  await adoptNextKeys(operator.home, draft.root)
  const told = await tellAgents(operator, talk, { chain, manner, ...rest })
  return { state: 'published', root: draft, ...told }
}

/**
 * Brings the newest root to every agent that is known here, in the name of the keys that it gives this person.
 *
 * Why opened anew: an agent answers to the keys of the root it has just taken, and those may be new ones.
 */
export async function tellAgents(
  operator: Operator,
  talk: Talk,
  {
    chain,
    manner,
    keys,
    hand,
    learn,
    firstPolicy,
  }: Omit<Finishing, 'draft' | 'manner'> & {
    readonly chain: readonly VerifiedRoot[]
    readonly manner: Pick<RootManner, 'timeoutMs'>
  },
): Promise<Told> {
  const newest = chain.at(-1)!
  const identity = await unlockOperator(operator.home, hand.passphrase)
  // Whoever took themselves out has no say at the hub any more; the others bring it to the agents.
  if (!isMemberOf(newest, identity)) return { outcomes: [], carried: undefined }
  await using anew = operatorAfter(newest, operator, identity)
  await learn?.(anew)
  const carried = await orWarn(talk, () => carryPolicy(anew, keys, firstPolicy), {
    what: 'the policy could not be signed under this root',
    remedy: 'policy publish',
  })
  const agents = await knownAgents(anew)
  using _leaving = onInterrupt(
    'The root is published; the agents take it when they next ask the hub.',
    EXIT.unknown,
  )
  const untilMs = operator.now() + manner.timeoutMs
  const outcomes = await waiting(talk, 'waiting for the agents', () =>
    forEachAgent(agents, (agent) => publishToAgent(anew, agent, { chain, untilMs })),
  )
  // People and recovery codes that are new read none of the rosters before.
  await orWarn(talk, () => publishRoster(anew), {
    what: 'the agents’ keys could not be passed on to the others',
    remedy: 'agent list',
  })
  return { outcomes, carried }
}

/** Why: the root stands by now, and what did not succeed beside it can be done later. */
async function orWarn<T>(
  talk: Talk,
  work: () => Promise<T>,
  { what, remedy }: { what: string; remedy: string },
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!isCodedError(error)) throw error
    talk.warn(`${what} (${error.code}): ${remedy}`)
    return undefined
  }
}

/** The newest agent of each name whose keys are believed. */
async function knownAgents(operator: Operator): Promise<PinnedAgent[]> {
  await learnAgents(operator)
  const standings = await reviewAgents(operator)
  return standings.flatMap(({ record, view, doubt }) =>
    isPinned(record) && view !== undefined && doubt === undefined ? [record] : [],
  )
}

/** The screen before a signature: what differs, what goes with it, and what nobody could meet. */
export function changeScreen(
  current: TrustRoot,
  next: TrustRoot,
  { notes, nowMs, talk }: { notes: readonly string[]; nowMs: number; talk: Talk },
): string {
  const paint = talk.aside
  const short = shortagesOf(next, nowMs).map((what) => paint.warn(`Nobody can meet this: ${what}.`))
  return [
    `${paint.strong(`Trust root ${next.version} of site ${next.siteName}`)}, after ${current.version}`,
    ...rootDifferences(current, next, paint).map((line) => `  ${line}`),
    ...notes,
    ...short,
  ].join('\n')
}
