// SPDX-License-Identifier: Apache-2.0
/** Takes a site back with nothing but its site file and a recovery code: new keys, the lost ones out, everyone told. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { openNameKey, publicIdentity, revealRoot } from '@sallyport/core/crypto'
import type { Identity, SignedRoot, VerifiedRoot } from '@sallyport/core/crypto'
import { encodeBase64url, instantOf } from '@sallyport/core/protocol'
import type { Policy, RootKey } from '@sallyport/core/protocol'
import {
  hubRefusalOf,
  openHubClient,
  parseHubAddress,
  parseSiteFile,
} from '@sallyport/core/transport'
import type { HubClient } from '@sallyport/core/transport'
import { isCodedError } from '@sallyport/sdk'
import type { Secret } from '@sallyport/sdk'
import type { Home } from '../home.ts'
import { readAgents, writeAgent } from '../operator/agents.ts'
import { keepPolicy } from '../operator/kept-roots.ts'
import { nameRoot } from '../operator/name-key.ts'
import { isMemberOf, operatorUnder } from '../operator/operator-under.ts'
import type { Operator } from '../operator/operator.ts'
import { recoveryIdentityOf } from '../operator/recovery-code.ts'
import { learnAgents } from '../operator/roster.ts'
import { syncRoots } from '../operator/roots.ts'
import { hubAddress, readChain } from '../operator/site.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { readDrafts } from '../policy/current.ts'
import { readPolicyTemplate } from '../policy/template.ts'
import { changeScreen, finish, tellAgents } from '../trust/change-root.ts'
import type { Changed, Finishing } from '../trust/change-root.ts'
import type { RootManner } from '../trust/root-hand.ts'
import {
  endAttempt,
  hasAttempt,
  keepAttempt,
  makeAttempt,
  readAttempt,
} from '../trust/recovery-attempt.ts'
import type { Attempt, KeptAttempt, NewAttempt } from '../trust/recovery-attempt.ts'
import { reportChange } from '../trust/report-change.ts'
import { nextRoot, rootKeyFor } from '../trust/root-change.ts'
import { draftOf, signRoot } from '../trust/sign-root.ts'
import type { Draft } from '../trust/sign-root.ts'
import { operatorExists } from './init.ts'
import { recoveryKeysOf, recoveryLines } from './init-join.ts'

/** What there is on the day of the loss. */
export interface RecoverRequest {
  readonly code: string
  readonly siteFile: string
  readonly hub?: string | undefined
  /** Asks for the passphrase of the new keys; of those of an attempt before, when they are not new. */
  readonly passphrase: (isNew: boolean) => Promise<Secret>
  readonly manner: RootManner
}

type Recovery = Pick<Identity, 'signing' | 'sealing'>

/** Everything that the steps below need. */
interface Day {
  readonly home: Home
  readonly talk: Talk
  readonly request: RecoverRequest
  readonly recovery: Recovery
  /** The root of the site file. */
  readonly site: SignedRoot
  readonly url: string
  readonly now: () => number
}

/**
 * Recovers, or goes on where an attempt before stopped.
 *
 * Throws: ERR_RECOVERY_CODE, ERR_OPERATOR_EXISTS, as `changeRoot`.
 */
export async function trustRecover(
  home: Home,
  talk: Talk,
  request: RecoverRequest,
): Promise<ExitCode> {
  const recovery = recoveryIdentityOf(request.code)
  if (existsSync(home.operator.keys) && !hasAttempt(home)) throw operatorExists(home)
  const site = parseSiteFile(await readFile(request.siteFile))
  const url = parseHubAddress(await hubAddress(home, request.hub))
  const day = { home, talk, request, recovery, site, url, now: () => Date.now() }
  const passphrase = once(() => request.passphrase(!hasAttempt(home)))
  const begun = hasAttempt(home) ? await readAttempt(home, passphrase) : undefined
  await using hub = openHubClient({ url, key: recovery.signing, clock: day })
  const isKnown = await waiting(talk, 'asking the hub', () => knows(hub, site))
  if (!isKnown && begun === undefined) throw foreign(site)
  const { changed, attempt } = isKnown
    ? await publish(day, hub, { begun, passphrase })
    : { changed: await goOn(day, begun!, passphrase), attempt: begun! }
  if (changed.state === 'published') await endAttempt(home)
  return report(talk, changed, attempt)
}

/** The code still counts: makes new keys, or takes those of the attempt before, and publishes the root with them. */
async function publish(
  day: Day,
  hub: HubClient,
  { begun, passphrase }: { begun: KeptAttempt | undefined; passphrase: () => Promise<Secret> },
): Promise<{ changed: Changed; attempt: Attempt }> {
  const { home, talk, request, recovery, site } = day
  const signed = await syncRoots(site, { home, hub })
  expectHolder(signed, recovery)
  const current = revealRoot(signed, await openNameKey(signed.root, recovery.sealing))
  const holder = holderOf(current, recovery)
  const { draft, attempt } =
    fitting(current, begun) ??
    (await begin(day, current, { holder, passphrase: await passphrase() }))
  const notes = [
    `What ${holder} signed alone counts no more: approve and schedule it anew, and make codes anew.`,
    'The policy that the hub has goes on. Where it has none that holds, operators may do everything (template solo).',
  ]
  const shown = changeScreen(current.root, draft.root, { notes, nowMs: day.now(), talk })
  const question = `Make these the keys of ${holder}?`
  await confirmOrStop(talk, { shown, question, isAgreed: request.manner.isAgreed })
  if ('boxes' in attempt) {
    const { nameKey } = current
    await keepAttempt(home, attempt, { ...day, envelope: draft.envelope, nameKey })
  }
  const before = lostOperator(day, current, { hub, name: holder })
  const finishing = { draft, manner: request.manner, ...(await after(before, attempt, passphrase)) }
  return { changed: await finish(before, talk, finishing), attempt }
}

/** The root stands already: what was left to do when the attempt before stopped. */
async function goOn(
  day: Day,
  attempt: KeptAttempt,
  passphrase: () => Promise<Secret>,
): Promise<Changed> {
  const { home, talk, request, site, url } = day
  const { identity } = attempt
  await using hub = openHubClient({ url, key: identity.signing, clock: day })
  const newest = await syncRoots(site, { home, hub })
  if (!isMemberOf(newest, identity)) throw foreign(newest)
  const { nameKey } = await nameRoot(home, newest, identity)
  const chain = (await readChain(home)).map((each) => revealRoot(each, nameKey))
  const stood = chain.findLast((each) => !isMemberOf(each, identity)) ?? chain[0]!
  const before = lostOperator(day, stood, { hub, name: identity.name })
  const { manner } = request
  const rest = { chain, manner, ...(await after(before, attempt, passphrase)) }
  return { state: 'published', root: chain.at(-1)!, ...(await tellAgents(before, talk, rest)) }
}

/** Whoever lost the machine, under the root that stood then: reads what was sealed to the code. */
function lostOperator(
  { home, recovery, now }: Day,
  root: VerifiedRoot,
  { hub, name }: { hub: HubClient; name: string },
): Operator {
  return operatorUnder(
    root,
    { home, hub, now },
    { identity: { ...recovery, name }, isShared: true },
  )
}

async function after(
  before: Operator,
  { rootKey }: Attempt,
  passphrase: () => Promise<Secret>,
): Promise<Omit<Finishing, 'draft' | 'manner'>> {
  const learn = async (operator: Operator): Promise<void> => {
    await learnLostAgents(before, operator)
    await learnLostPolicy(before, operator)
  }
  const { siteId } = before.site
  const text = await readPolicyTemplate('solo')
  const firstPolicy: Policy = { siteId, version: 1, text, issuedAt: instantOf(before.now()) }
  return { keys: [rootKey], hand: { passphrase }, learn, firstPolicy }
}

/** The root of the attempt before, if it can still follow the one that stands. */
function fitting(
  current: VerifiedRoot,
  attempt: KeptAttempt | undefined,
): { draft: Draft; attempt: KeptAttempt } | undefined {
  if (attempt === undefined) return undefined
  try {
    return { draft: draftOf(current, attempt.envelope), attempt }
  } catch (error) {
    if (isCodedError(error) && error.code === 'ERR_ROOT_CHANGE') return undefined
    throw error
  }
}

async function begin(
  { recovery, now }: Day,
  current: VerifiedRoot,
  { holder, passphrase }: { holder: string; passphrase: Secret },
): Promise<{ draft: Draft; attempt: NewAttempt }> {
  const attempt = makeAttempt(holder, passphrase)
  const parts = { keys: keysAfter(current, { holder, attempt, nowMs: now() }) }
  const next = nextRoot(current.root, parts, { nowMs: now() })
  return { draft: signRoot(current, next, [recovery.signing, attempt.rootKey]), attempt }
}

function report(talk: Talk, changed: Changed, { recoveryCode, identity }: Attempt): ExitCode {
  const lines = [
    ...recoveryLines(talk.paint.strong(recoveryCode)),
    changed.state === 'published'
      ? 'The code you typed is worth nothing any more.'
      : 'The code you typed is worth nothing once the root stands.',
  ]
  return reportChange(talk, changed, { document: { recoveryCode, holder: identity.name }, lines })
}

function holderOf({ root }: VerifiedRoot, recovery: Pick<Identity, 'signing'>): string {
  return root.keys.find(isRootKeyOf(recovery))!.holder
}

/** Throws: ERR_RECOVERY_CODE. */
function expectHolder(signed: SignedRoot, recovery: Pick<Identity, 'signing'>): void {
  if (!signed.root.keys.some(isRootKeyOf(recovery))) throw foreign(signed)
}

function isRootKeyOf({ signing }: Pick<Identity, 'signing'>) {
  const own = encodeBase64url(signing.publicKey)
  return ({ role, signingKey }: Pick<RootKey, 'role' | 'signingKey'>): boolean =>
    role === 'root' && signingKey === own
}

function foreign({ root }: SignedRoot): Problem {
  return new Problem('ERR_RECOVERY_CODE', 'the code is none of this site', {
    exit: EXIT.refused,
    details: { version: root.version },
    unharmed: 'Nothing was changed.',
    remedy:
      'It was used before, or it is that of another site. Another holder of a root key can take out the lost keys and add new ones:',
    commands: ['sallyport trust remove <name>', 'sallyport trust add <identity> --role operator'],
  })
}

/** Why customers' keys of this holder stay: who lost a machine to sign with may read on another. */
function keysAfter(
  { root }: VerifiedRoot,
  { holder, attempt, nowMs }: { holder: string; attempt: Attempt; nowMs: number },
): RootKey[] {
  const kept = root.keys.filter((key) => {
    return key.holder !== holder || (key.role !== 'operator' && key.role !== 'root')
  })
  const rootKey = encodeBase64url(attempt.rootKey.publicKey)
  const { signingKey, sealingKey } = publicIdentity(attempt.identity)
  const added = [
    { role: 'operator' as const, signingKey, sealingKey },
    { role: 'root' as const, signingKey: rootKey, sealingKey: null },
    { role: 'root' as const, ...recoveryKeysOf(attempt.recoveryCode) },
  ]
  return [...kept, ...added.map((key) => rootKeyFor({ holder, ...key }, { nowMs }))]
}

/**
 * Takes the agents' keys from the rosters at the hub, which are sealed to recovery codes too.
 *
 * Trust: a roster counts by the signature of an operator of the root that stood when the machine was lost.
 */
async function learnLostAgents(before: Operator, after: Operator): Promise<void> {
  const { identity, trust } = before
  await learnAgents({ ...after, identity, trust })
  for (const { learntFrom, ...record } of await readAgents(after.home)) {
    if (learntFrom === identity.name) await writeAgent(after.home, record)
  }
}

/**
 * Takes up the newest policy that was left for recovery codes.
 *
 * Trust: it counts by the root holders of the root that stood when the machine was lost; the hub can only withhold it.
 */
async function learnLostPolicy(
  { identity, site, trust }: Operator,
  after: Operator,
): Promise<void> {
  const drafts = await readDrafts({ ...after, identity, site, trust })
  const newest = drafts.find(({ isComplete }) => isComplete)
  if (newest !== undefined) await keepPolicy(after.home, newest.envelope)
}

/** Whether the code is that of a root key of the newest root at the hub. Throws: ERR_HUB_… when it cannot be asked. */
async function knows(hub: HubClient, { root }: SignedRoot): Promise<boolean> {
  try {
    await hub.readTrustRoots(root.version)
    return true
  } catch (error) {
    if (hubRefusalOf(error)?.status === 401) return false
    throw error
  }
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => (running ??= work())
}
