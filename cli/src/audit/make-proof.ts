// SPDX-License-Identifier: Apache-2.0
/** A proof that a third person verifies alone: what was signed, what was answered, and that both stand in the agent's log. */
import { inclusionPath, rangesOf } from '@sallyport/core/audit'
import type { RangeHash } from '@sallyport/core/audit'
import { open, rootFingerprintOf } from '@sallyport/core/crypto'
import type { VerifiedRoot } from '@sallyport/core/crypto'
import { encodeBase64url, parseEnvelope } from '@sallyport/core/protocol'
import { WIRE } from '@sallyport/core/transport'
import type { EnvelopeView } from '@sallyport/core/transport'
import type { Operator } from '../operator/operator.ts'
import { readNamedChain } from '../operator/roots.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { ReadCopy } from './read-copy.ts'
import { rosterFor } from './roster-for.ts'
import { namesOfJob } from './shown-names.ts'
import type { ShownName } from './shown-names.ts'

/** A proof as its file has it. */
export interface Proof {
  readonly format: 'sallyport-proof-1'
  readonly roots: readonly unknown[]
  /** What the pseudonyms of the roots stand for, of those that the proof is about. */
  readonly names: readonly ShownName[]
  readonly roster: unknown
  readonly job: unknown
  readonly result: unknown
  readonly hubKey: string | null
  readonly log: {
    readonly note: string
    readonly entries: readonly { index: number; bytes: string; path: string[] }[]
  }
}

/** What all proofs from one copy share. */
export interface ProofMaterial {
  readonly chain: readonly VerifiedRoot[]
  /** Of the first root. */
  readonly fingerprint: string
  readonly roster: unknown
  readonly hashOf: RangeHash
}

/** Makes what proofs from a copy share. Throws: ERR_PROOF. */
export async function proofMaterial(operator: Operator, copy: ReadCopy): Promise<ProofMaterial> {
  const chain = await readNamedChain(operator)
  const roster = await rosterFor(operator, copy.agent)
  if (roster === undefined)
    throw noProof('no operator of the site vouches for the key of the agent')
  return {
    chain,
    fingerprint: rootFingerprintOf(chain[0]!.envelope),
    roster: plain(roster),
    hashOf: remembered(rangesOf(copy.leafHashes.slice(0, copy.head?.size ?? 0))),
  }
}

/** Makes the proof of one job from its envelope and the copy of the log. Throws: ERR_PROOF. */
export async function makeProof(
  operator: Operator,
  view: EnvelopeView,
  copy: ReadCopy,
  material?: ProofMaterial,
): Promise<{ proof: Proof; fingerprint: string; entryCount: number }> {
  if (view.result === null) throw noProof('it has no answer yet')
  if (copy.faults.length > 0)
    throw noProof(`the copy of the log does not hold: ${copy.faults[0]!.why}`)
  const { head, note } = copy
  if (head === undefined || note === undefined)
    throw noProof('the hub has seen no head of this log yet')
  const entries = copy.entries.filter(({ entry }) => isAbout(entry, view.envelopeId))
  if (entries.length === 0) throw noProof('its entries are not at the hub yet')
  const { chain, fingerprint, roster, hashOf } = material ?? (await proofMaterial(operator, copy))
  const job = await openMine(operator, view.sealed, WIRE.maxSealedBytes)
  const about = entries.flatMap(({ entry }) => entry.about ?? [])
  return {
    fingerprint,
    entryCount: entries.length,
    proof: {
      format: 'sallyport-proof-1',
      roots: chain.map(({ envelope }) => plain(envelope)),
      names: namesOfJob(chain, job, new Set([...about, `agent/${copy.agent.name}`])),
      roster,
      job: plain(job),
      result: plain(await openMine(operator, view.result, WIRE.maxSealedResultBytes)),
      hubKey: copy.hubKey,
      log: {
        note,
        entries: entries.map(({ entry: { index }, bytes }) => ({
          index,
          bytes: encodeBase64url(bytes),
          path: inclusionPath(hashOf, index, head.size).map(encodeBase64url),
        })),
      },
    },
  }
}

function isAbout(
  entry: { jobId?: string | undefined; envelopeId?: string | undefined },
  id: string,
) {
  return entry.jobId === id || entry.envelopeId === id
}

function openMine({ identity }: Operator, sealed: string, maxBytes: number): Promise<Uint8Array> {
  return open(sealed, identity.sealing, maxBytes)
}

/** Why: the same parts of a tree are in the paths of many entries. */
function remembered(hashOf: RangeHash): RangeHash {
  const known = new Map<string, Uint8Array>()
  return (from, to) => {
    const key = `${from} ${to}`
    const hash = known.get(key) ?? hashOf(from, to)
    known.set(key, hash)
    return hash
  }
}

/** An envelope as JSON, which is what it is. */
export function plain(envelope: Uint8Array): unknown {
  const { payloadType, payload, signatures } = parseEnvelope(envelope, WIRE.maxSealedResultBytes)
  return {
    payloadType,
    payload: encodeBase64url(payload),
    signatures: signatures.map(({ keyId, signature }) => ({
      keyid: keyId,
      sig: encodeBase64url(signature),
    })),
  }
}

function noProof(why: string): Problem {
  return new Problem('ERR_PROOF', `there is no proof to be made: ${why}`, {
    exit: EXIT.failed,
    unharmed: 'Nothing was written.',
    remedy: 'An agent shows its log to the hub within seconds of an answer; see what the hub has:',
    commands: ['sallyport audit verify --agent <name>'],
  })
}
