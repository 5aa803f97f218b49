// SPDX-License-Identifier: Apache-2.0
/** Vectors of enrolment codes: what both sides derive, and how people may type. */
import {
  codeProof,
  makeEnrolmentCode,
  parseEnrolmentCode,
  possessionMessage,
  rootFingerprintOf,
} from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { agent, describeParty, hex } from './parties.ts'
import { firstRoot } from './trust-root.ts'

const SECRETS = [
  new Uint8Array(16),
  new Uint8Array(16).fill(255),
  Uint8Array.from({ length: 16 }, (_, byte) => byte * 17),
]

/** Most digits of its code are 0 or 1, which people confuse with letters. */
const ZEROS_AND_ONES = Buffer.from('0842108421'.repeat(2) + '00'.repeat(6), 'hex')

/** `enrolment-code.json`. */
export function enrolmentCodeVectors(): object {
  const code = codeOf(ZEROS_AND_ONES)
  const digits = code.slice('SP1-'.length)
  return {
    description:
      'Enrolment codes and what is derived from them. `secret` is hexadecimal, all else base64url or text. `codeProof` is over the keys of the agent.',
    trustRoot: new TextDecoder().decode(firstRoot),
    agent: describeParty(agent),
    cases: SECRETS.map(describeSecret),
    typed: {
      code,
      accepted: [
        code.toLowerCase(),
        code.replaceAll('-', ''),
        ` ${code.replaceAll('-', ' ')}\n`,
        `SP1-${digits.replaceAll('0', 'O').replaceAll('1', 'I')}`,
        `sp1-${digits.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l')}`,
      ],
      refused: [
        { code: 'ERR_CODE_FORM', text: '' },
        { code: 'ERR_CODE_FORM', text: code.replace('SP1', 'SP2') },
        { code: 'ERR_CODE_FORM', text: digits },
        { code: 'ERR_CODE_FORM', text: code.slice(0, -1) },
        { code: 'ERR_CODE_FORM', text: `${code}0` },
        { code: 'ERR_CODE_FORM', text: code.replace(/.$/, 'U') },
        { code: 'ERR_CODE_FORM', text: code.replaceAll('-', '.') },
        {
          code: 'ERR_CODE_CHECKSUM',
          text: code.replace(/.$/, (last) => (last === 'Z' ? 'Y' : 'Z')),
        },
        { code: 'ERR_CODE_CHECKSUM', text: code.replace('-0', '-Z') },
      ],
    },
  }
}

function codeOf(secret: Uint8Array): string {
  return makeEnrolmentCode(secret, rootFingerprintOf(firstRoot))
}

function describeSecret(secret: Uint8Array): object {
  const code = codeOf(secret)
  const { sealKey, proofKey, redeemToken, redeemHash, rootFingerprint } = parseEnrolmentCode(code)
  const { signing, sealing } = agent.identity
  return {
    secret: hex(secret),
    code,
    redeemToken,
    redeemHash,
    sealKey: encodeBase64url(sealKey),
    proofKey: encodeBase64url(proofKey),
    rootFingerprint,
    possession: encodeBase64url(signing.sign(possessionMessage(redeemToken))),
    codeProof: codeProof(proofKey, signing.publicKey, sealing.publicKey),
  }
}
