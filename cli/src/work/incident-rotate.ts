// SPDX-License-Identifier: Apache-2.0
/** Exchanges every key of this person at once, and says what else has to be exchanged by hand. */
import { randomBytes } from 'node:crypto'
import { publicIdentity } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { isPinned, readAgents } from '../operator/agents.ts'
import { readApprovals } from '../operator/approvals.ts'
import { lockedIdentity } from '../operator/identity.ts'
import type { Operator } from '../operator/operator.ts'
import { RECOVERY_SECRET_BYTES, makeRecoveryCode } from '../operator/recovery-code.ts'
import { lockedRootKey } from '../operator/root-key.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import type { Talk } from '../output/talk.ts'
import type { RootHand } from '../trust/root-hand.ts'
import { changeRoot } from '../trust/change-root.ts'
import type { RootManner } from '../trust/root-hand.ts'
import { reportChange } from '../trust/report-change.ts'
import { rootKeyFor } from '../trust/root-change.ts'
import { recoveryKeysOf, recoveryLines } from './init-join.ts'

/** Rotates them all. */
export async function incidentRotate(
  operator: Operator,
  talk: Talk,
  { request, hand }: { request: { manner: RootManner }; hand: RootHand },
): Promise<ExitCode> {
  const { name: holder } = operator.identity
  const { root } = operator.site.root
  const passphrase = await hand.passphrase()
  const { identity, box } = lockedIdentity(holder, passphrase)
  const rootKey = lockedRootKey(holder, passphrase)
  const recoveryCode = makeRecoveryCode(randomBytes(RECOVERY_SECRET_BYTES))
  const { signingKey, sealingKey } = publicIdentity(identity)
  const added = [
    { role: 'operator' as const, signingKey, sealingKey },
    {
      role: 'root' as const,
      signingKey: encodeBase64url(rootKey.signing.publicKey),
      sealingKey: null,
    },
    { role: 'root' as const, ...recoveryKeysOf(recoveryCode) },
  ]
  const nowMs = operator.now()
  const kept = root.keys.filter((key) => {
    return key.holder !== holder || (key.role !== 'operator' && key.role !== 'root')
  })
  const change = {
    parts: { keys: [...kept, ...added.map((key) => rootKeyFor({ holder, ...key }, { nowMs }))] },
    cosigners: [rootKey.signing],
    nextKeys: { keys: box, rootKey: rootKey.box },
    notes: [`What ${holder} signed alone counts no more: approvals, schedules, unused codes.`],
    question: 'Exchange all your keys?',
  }
  const byHand = await handWork(operator)
  const { manner } = request
  const changed = await changeRoot(operator, talk, { change, manner, hand })
  const lines = [
    ...recoveryLines(talk.paint.strong(recoveryCode)),
    'By hand, each where it belongs:',
    ...byHand.map((line) => `  ${line}`),
  ]
  return reportChange(talk, changed, { document: { recoveryCode, byHand }, lines })
}

/** Command lines for what no signature exchanges. */
async function handWork({ home }: Operator): Promise<string[]> {
  const agents = await readAgents(home)
  const names = new Map(agents.map(({ agentId, name }) => [agentId, name]))
  const standing = (await readApprovals(home)).filter(({ state }) => state === 'accepted')
  const approvals = standing.map(({ agentId, plugin }) => {
    return `sallyport plugin approve ${plugin.name}-${plugin.version}.spb --agent ${names.get(agentId) ?? agentId}`
  })
  const bound = standing.flatMap(({ agentId, plugin, manifest }) => {
    const isBound = Object.values(manifest.jobs).some(({ permissions }) => {
      return Object.keys(permissions).length > 0
    })
    return isBound
      ? [
          `sallyport agent bindings   # on ${names.get(agentId) ?? agentId}: new credentials for ${plugin.name}, then agent bind`,
        ]
      : []
  })
  const codes = agents.filter((agent) => !isPinned(agent))
  return [
    ...new Set([
      ...approvals,
      ...bound,
      ...codes.map(({ name }) => `sallyport agent code ${name}`),
      'sallyport plugin keygen --home <folder>   # if the publisher’s keys lay on the same machine',
    ]),
  ]
}
