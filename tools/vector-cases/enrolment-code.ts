// SPDX-License-Identifier: Apache-2.0
/** Vectors of enrolment codes: what both sides derive, and how people may type. */
import {
  codeProof,
  fingerprintOf,
  makeEnrolmentCode,
  parseEnrolmentCode,
  possessionMessage,
} from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { agent, describeParty, hex } from './parties.ts'

const SECRETS = [
  new Uint8Array(16),
  new Uint8Array(16).fill(255),
  Uint8Array.from({ length: 16 }, (_, byte) => byte * 17),
]

/** Where the hub of each code is: without an address, with one, and with one of each kind. */
const HUBS = [
  [],
  ['http://127.0.0.1:8420'],
  ['https://hub.example:8440/sallyport', 'https://192.0.2.7', 'https://[2001:db8::7]:8440'],
]

/** Stands for the signed payload of a trust root: nothing but its hash is in a code. */
const ROOT_PAYLOAD = new TextEncoder().encode('the signed payload of a trust root')

/** Most digits of its code are 0 or 1, which people confuse with letters. */
const ZEROS_AND_ONES = Buffer.from('0842108421'.repeat(2) + '00'.repeat(6), 'hex')

/** `enrolment-code-2.json`. */
export function enrolmentCodeVectors(): object {
  const code = codeOf(ZEROS_AND_ONES)
  const digits = code.slice('SP2-'.length)
  return {
    description:
      'Enrolment codes and what is derived from them. `secret` is hexadecimal, all else base64url or text; `rootPayload` is text. `codeProof` is over the keys of the agent.',
    rootPayload: new TextDecoder().decode(ROOT_PAYLOAD),
    agent: describeParty(agent),
    cases: SECRETS.map((secret, at) => describeSecret(secret, HUBS[at]!)),
    typed: {
      code,
      accepted: [
        code.toLowerCase(),
        code.replaceAll('-', ''),
        ` ${code.replaceAll('-', ' ')}\n`,
        `SP2-${digits.replaceAll('0', 'O').replaceAll('1', 'I')}`,
        `sp2-${digits.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'l')}`,
      ],
      refused: [
        { code: 'ERR_CODE_FORM', text: '' },
        { code: 'ERR_CODE_FORM', text: code.replace('SP2', 'SP1') },
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

function codeOf(secret: Uint8Array, hubs: readonly string[] = []): string {
  return makeEnrolmentCode(secret, fingerprintOf(ROOT_PAYLOAD), hubs)
}

function describeSecret(secret: Uint8Array, hubs: readonly string[]): object {
  const code = codeOf(secret, hubs)
  const { sealKey, proofKey, redeemToken, redeemHash, rootFingerprint } = parseEnrolmentCode(code)
  const { signing, sealing } = agent.identity
  return {
    secret: hex(secret),
    hubs,
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
