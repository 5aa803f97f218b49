// SPDX-License-Identifier: Apache-2.0
/** Takes a site back with nothing but its site file and a recovery code: new keys, the lost ones out, everyone told. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { publicIdentity } from '@sallyport/core/crypto'
import type { Identity, VerifiedRoot } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import type { RootKey, TrustRoot } from '@sallyport/core/protocol'
import {
  encodeSiteFile,
  hubRefusalOf,
  openHubClient,
  parseHubAddress,
  parseSiteFile,
} from '@sallyport/core/transport'
import type { HubClient } from '@sallyport/core/transport'
import type { Secret } from '@sallyport/sdk'
import type { Home } from '../home.ts'
import { readAgents, writeAgent } from '../operator/agents.ts'
import { lockedIdentity } from '../operator/identity.ts'
import { operatorUnder } from '../operator/operator-under.ts'
import type { Operator } from '../operator/operator.ts'
import { writeRecord } from '../operator/records.ts'
import {
  RECOVERY_SECRET_BYTES,
  makeRecoveryCode,
  recoveryIdentityOf,
} from '../operator/recovery-code.ts'
import { keepRootKey, lockedRootKey } from '../operator/root-key.ts'
import { learnAgents } from '../operator/roster.ts'
import { syncRoots } from '../operator/roots.ts'
import { Settings, hubAddress } from '../operator/site.ts'
import { confirmOrStop } from '../output/confirm.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { changeScreen, finish } from '../trust/change-root.ts'
import type { RootManner } from '../trust/change-root.ts'
import { reportChange } from '../trust/report-change.ts'
import { nextRoot, rootKeyFor } from '../trust/root-change.ts'
import { signRoot } from '../trust/sign-root.ts'
import { operatorExists } from './init.ts'
import { recoveryKeysOf, recoveryLines } from './init-join.ts'

/** What there is on the day of the loss. */
export interface RecoverRequest {
  readonly code: string
  readonly siteFile: string
  readonly hub?: string | undefined
  readonly passphrase: () => Promise<Secret>
  readonly manner: RootManner
}

interface NewKeys {
  readonly identity: Identity
  readonly keys: Uint8Array
  readonly rootKey: ReturnType<typeof lockedRootKey>
  readonly recoveryCode: string
}

/** Recovers. Throws: ERR_RECOVERY_CODE, ERR_OPERATOR_EXISTS, as `changeRoot`. */
export async function trustRecover(
  home: Home,
  talk: Talk,
  request: RecoverRequest,
): Promise<ExitCode> {
  const recovery = recoveryIdentityOf(request.code)
  if (existsSync(home.operator.keys)) throw operatorExists(home)
  const site = parseSiteFile(await readFile(request.siteFile))
  const url = parseHubAddress(await hubAddress(home, request.hub))
  const now = (): number => Date.now()
  await using hub = openHubClient({ url, key: recovery.signing, clock: { now } })
  await waiting(talk, 'asking the hub', () => expectKnown(hub, site))
  const current = await syncRoots(site, { home, hub })
  const holder = holderOf(current, recovery)
  const passphrase = await request.passphrase()
  const made = makeKeys(holder, passphrase)
  const parts = { keys: keysAfter(current, { holder, made, nowMs: now() }) }
  const next = nextRoot(current.root, parts, { nowMs: now() })
  const notes = [
    `What ${holder} signed alone counts no more: approve and schedule it anew, and make codes anew.`,
  ]
  const shown = changeScreen(current.root, next, { notes, nowMs: now(), talk })
  const question = `Make these the keys of ${holder}?`
  await confirmOrStop(talk, { shown, question, isAgreed: request.manner.isAgreed })
  const draft = signRoot(current.root, next, [recovery.signing, made.rootKey.signing])
  await keepKeys(home, made, { site, url })
  const before = operatorUnder(
    current,
    { home, hub, now },
    { identity: { ...recovery, name: holder }, isShared: true },
  )
  const hand = { passphrase: async () => passphrase }
  const learn = (after: Operator): Promise<void> => learnLostAgents(before, after)
  const changed = await finish(before, talk, { draft, manner: request.manner, hand, learn })
  const { recoveryCode } = made
  const lines = [
    ...recoveryLines(talk.paint.strong(recoveryCode)),
    'The code you typed is worth nothing any more.',
  ]
  return reportChange(talk, changed, { document: { recoveryCode, holder }, lines })
}

function holderOf({ root }: VerifiedRoot, { signing }: Pick<Identity, 'signing'>): string {
  const key = encodeBase64url(signing.publicKey)
  const held = root.keys.find(({ role, signingKey }) => role === 'root' && signingKey === key)
  if (held !== undefined) return held.holder
  throw foreign(root)
}

function foreign(root: TrustRoot): Problem {
  return new Problem('ERR_RECOVERY_CODE', `the code is none of site ${root.siteName}`, {
    exit: EXIT.refused,
    details: { version: root.version },
    unharmed: 'Nothing was changed.',
    remedy:
      'It was used before, or it is that of another site. Another holder of a root key can take out the lost keys and add new ones:',
    commands: ['sallyport trust remove <name>', 'sallyport trust add <identity> --role operator'],
  })
}

function makeKeys(holder: string, passphrase: Secret): NewKeys {
  const { identity, box } = lockedIdentity(holder, passphrase)
  const recoveryCode = makeRecoveryCode(randomBytes(RECOVERY_SECRET_BYTES))
  return { identity, keys: box, rootKey: lockedRootKey(holder, passphrase), recoveryCode }
}

/** Why customers' keys of this holder stay: who lost a machine to sign with may read on another. */
function keysAfter(
  { root }: VerifiedRoot,
  { holder, made, nowMs }: { holder: string; made: NewKeys; nowMs: number },
): RootKey[] {
  const kept = root.keys.filter((key) => {
    return key.holder !== holder || (key.role !== 'operator' && key.role !== 'root')
  })
  const rootKey = encodeBase64url(made.rootKey.signing.publicKey)
  const { signingKey, sealingKey } = publicIdentity(made.identity)
  const added = [
    { role: 'operator' as const, signingKey, sealingKey },
    { role: 'root' as const, signingKey: rootKey, sealingKey: null },
    { role: 'root' as const, ...recoveryKeysOf(made.recoveryCode) },
  ]
  return [...kept, ...added.map((key) => rootKeyFor({ holder, ...key }, { nowMs }))]
}

/** Why before the root is published: a root whose keys nobody kept would be worth nothing. */
async function keepKeys(
  home: Home,
  made: NewKeys,
  { site, url }: { site: VerifiedRoot; url: string },
): Promise<void> {
  const { writeDurably, writeKeyFile } = await import('@sallyport/core/stores')
  await mkdir(home.operator.folder, { recursive: true, mode: 0o700 })
  await writeRecord(home.operator.settings, Settings, { format: 'sallyport-settings-1', hub: url })
  await keepRootKey(home, made.rootKey.box)
  writeKeyFile(home.operator.keys, made.keys, { mustBeNew: true })
  writeDurably(home.operator.site, encodeSiteFile(site.envelope), { mustBeNew: false })
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

/** Throws: ERR_RECOVERY_CODE when the hub knows the code for none of its sites; ERR_HUB_… when it cannot be asked. */
async function expectKnown(hub: HubClient, { root }: VerifiedRoot): Promise<void> {
  try {
    await hub.readTrustRoots(root.version)
  } catch (error) {
    throw hubRefusalOf(error)?.status === 401 ? foreign(root) : error
  }
}
