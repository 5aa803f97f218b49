// SPDX-License-Identifier: Apache-2.0
/** Vectors of envelopes around one job: taken ones, and refused ones with the reason. */
import { digestOf } from '@sallyport/core/crypto'
import {
  documents,
  encodeBase64url,
  encodeDocument,
  encodeEnvelope,
  pae,
  type Job,
  type RefusalReason,
} from '@sallyport/core/protocol'
import { refusedForms } from './envelope-forms.ts'
import {
  AGENT_ID,
  SITE_ID,
  agent,
  describeParty,
  operator,
  secondOperator,
  stranger,
  utf8,
  type Party,
} from './parties.ts'

/** The job of the vectors. */
export const job: Job = {
  jobId: '01983f00-0000-7000-8000-000000000003',
  siteId: SITE_ID,
  agentId: AGENT_ID,
  jobType: 'sensors/read',
  input: { chip: 'k10temp', vmid: 101 },
  requestedBy: operator.identity.signing.keyId,
  step: 'run',
  plan: null,
  issuedAt: '2026-01-31T12:00:00.000Z',
  notBefore: '2026-01-31T12:00:00.000Z',
  expiresAt: '2026-01-31T12:05:00.000Z',
  readers: [agent, operator].map(({ identity }) => encodeBase64url(identity.sealing.publicKey)),
}

const TYPE = documents.job.payloadType
const payload = encodeDocument(documents.job, job)
const payloadText = new TextDecoder().decode(payload)

/** `envelope.json`. */
export function envelopeVectors(): object {
  return {
    description:
      'Envelopes read by an agent that trusts the keys in `trust` and takes jobs and approvals. Steps: strict JSON, form, signature, form of the document.',
    trust: [
      trusted(operator, 'operator'),
      trusted(secondOperator, 'operator'),
      trusted(agent, 'agent'),
    ],
    stranger: describeParty(stranger),
    document: job,
    payload: payloadText,
    pae: encodeBase64url(pae(TYPE, payload)),
    digest: digestOf(payload),
    accepted: [
      { name: 'signed by the operator', signer: 'ann', envelope: sign(payload, [operator]) },
      {
        name: 'a stranger signs as well',
        signer: 'ben',
        envelope: sign(payload, [stranger, secondOperator]),
      },
      {
        name: 'a payload that is not canonical',
        signer: 'ann',
        envelope: sign(utf8(` ${payloadText}\n`), [operator]),
      },
    ],
    refused: [
      ...refusedSignatures(),
      ...refusedDocuments(),
      ...refusedForms(sign(payload, [operator])),
    ],
  }
}

function trusted(party: Party, role: string): object {
  const { name, signingKey, signingKeyId } = describeParty(party)
  return { name, role, seed: describeParty(party)['seed'], signingKey, signingKeyId }
}

/** The envelope as text. `claimed` signs under the id of another. */
function sign(
  bytes: Uint8Array,
  signers: readonly Party[],
  claimed?: Party,
  payloadType = TYPE,
): string {
  const signatures = signers.map(({ identity }) => ({
    keyId: (claimed?.identity ?? identity).signing.keyId,
    signature: identity.signing.sign(pae(payloadType, bytes)),
  }))
  return text(encodeEnvelope({ payloadType, payload: bytes, signatures }))
}

function refusedSignatures(): object[] {
  const { signing } = operator.identity
  const good = signing.sign(pae(TYPE, payload))
  const withSignature = (signature: Uint8Array, payloadType = TYPE, bytes = payload) =>
    text(
      encodeEnvelope({
        payloadType,
        payload: bytes,
        signatures: [{ keyId: signing.keyId, signature }],
      }),
    )
  const cases: [RefusalReason, string, string][] = [
    ['unknown_key', 'signed by a stranger', sign(payload, [stranger])],
    ['wrong_role', 'signed by the agent', sign(payload, [agent])],
    [
      'unsupported_type',
      'a job of another version',
      sign(payload, [operator], undefined, TYPE.replace('v1', 'v2')),
    ],
    [
      'unsupported_type',
      'a result',
      sign(payload, [operator], undefined, documents.result.payloadType),
    ],
    [
      'bad_signature',
      'a stranger under the id of the operator',
      sign(payload, [stranger], operator),
    ],
    ['bad_signature', 'one bit of the payload', withSignature(good, TYPE, flip(payload, 20))],
    ['bad_signature', 'one bit of R', withSignature(flip(good, 0))],
    ['bad_signature', 'one bit of S', withSignature(flip(good, 32))],
    ['bad_signature', 'S + L', withSignature(plusOrder(good))],
    ['bad_signature', 'zeros', withSignature(new Uint8Array(64))],
    ['bad_signature', 'over the payload without its type', withSignature(signing.sign(payload))],
    [
      'bad_signature',
      'the type of another kind',
      withSignature(good, documents.approval.payloadType),
    ],
  ]
  return cases.map(([reason, name, envelope]) => ({ name, reason, envelope }))
}

/** Validly signed bytes that are no job. */
function refusedDocuments(): object[] {
  const changed = (from: string, to: string) =>
    sign(utf8(payloadText.replace(from, to)), [operator])
  const cases: [RefusalReason, string, string][] = [
    ['duplicate_key', 'a parameter named twice', changed('"vmid":101', '"vmid":101,"vmid":102')],
    ['duplicate_key', 'the agent named twice', changed('{', `{"agentId":"${AGENT_ID}",`)],
    ['malformed', 'a member named __proto__', changed('"vmid":101', '"__proto__":{"vmid":101}')],
    ['malformed', 'a number with an exponent', changed('"vmid":101', '"vmid":1e2')],
    [
      'malformed',
      'a number with a fraction that says nothing',
      changed('"vmid":101', '"vmid":100.0'),
    ],
    ['malformed', 'a number that rounds', changed('"vmid":101', '"vmid":9007199254740993')],
    ['malformed', 'an unknown member', changed('{', '{"admin":true,')],
    ['malformed', 'a missing member', changed(`"agentId":"${AGENT_ID}",`, '')],
    ['malformed', 'a member that is null', changed(`"${AGENT_ID}"`, 'null')],
    [
      'malformed',
      'an id in capitals',
      changed(job.jobId, job.jobId.toUpperCase().replace('F00', 'F0A')),
    ],
    ['malformed', 'an instant without milliseconds', changed('12:05:00.000Z', '12:05:00Z')],
    ['malformed', 'a day that no calendar has', changed('2026-01-31T12:05', '2026-02-31T12:05')],
    ['malformed', 'a job type with a path', changed('sensors/read', 'sensors/../read')],
    ['malformed', 'readers in a second spelling', changed(job.readers[0]!, `${job.readers[0]!}=`)],
    ['malformed', 'no document', sign(utf8('null'), [operator])],
    ['malformed', 'no JSON', sign(utf8('{'), [operator])],
  ]
  return cases.map(([reason, name, envelope]) => ({ name, reason, envelope }))
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.with(at, bytes[at]! ^ 1)
}

/** The same signature with S + L for S. Source: RFC 8032, section 5.1 (L). */
function plusOrder(signature: Uint8Array): Uint8Array {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const s = BigInt(`0x${Buffer.from(signature.slice(32)).reverse().toString('hex')}`) + order
  const bytes = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
  return new Uint8Array([...signature.slice(0, 32), ...bytes])
}
