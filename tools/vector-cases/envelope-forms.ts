// SPDX-License-Identifier: Apache-2.0
/** Texts that are no envelope, each made from a good one by one change. */
import type { RefusalReason } from '@sallyport/core/protocol'

interface Form {
  payload: string
  payloadType: string
  signatures: [{ keyid: string; sig: string }]
}

/** The refused variants of the form of a good envelope. */
export function refusedForms(good: string): object[] {
  const form = JSON.parse(good) as Form
  const [signature] = form.signatures
  const changed = (members: object) => JSON.stringify({ ...form, ...members })
  const signed = (members: object) => changed({ signatures: [{ ...signature, ...members }] })
  const nine = Array.from({ length: 9 }, (_, index) => ({
    ...signature,
    keyid: `${signature.keyid.slice(0, 41)}${index}A`,
  }))
  const cases: [RefusalReason, string, string][] = [
    ['malformed', 'nothing', ''],
    ['malformed', 'no JSON', good.slice(0, -1)],
    ['malformed', 'a byte order mark', `\ufeff${good}`],
    ['malformed', 'a list', `[${good}]`],
    ['malformed', 'an algorithm', changed({ alg: 'none' })],
    ['malformed', 'no payload type', changed({ payloadType: undefined })],
    ['malformed', 'no payload', changed({ payload: undefined })],
    ['malformed', 'a padded payload', changed({ payload: `${form.payload}==` })],
    ['malformed', 'a payload in the other alphabet', changed({ payload: '+/+/' })],
    ['malformed', 'no signatures', changed({ signatures: [] })],
    ['malformed', 'nine signatures', changed({ signatures: nine })],
    ['malformed', 'a key twice', changed({ signatures: [signature, signature] })],
    ['malformed', 'an algorithm beside the signature', signed({ alg: 'HS256' })],
    ['malformed', 'a key of its own', signed({ jwk: { kty: 'OKP' } })],
    ['malformed', 'no key id', signed({ keyid: undefined })],
    ['malformed', 'a key id that is a path', signed({ keyid: '../../etc/hostname' })],
    ['malformed', 'a key id that is a prototype', signed({ keyid: '__proto__' })],
    ['malformed', 'a signature of 63 bytes', signed({ sig: signature.sig.slice(0, 84) })],
    ['malformed', 'a signature of 65 bytes', signed({ sig: `${signature.sig}A` })],
    ['malformed', 'an empty signature', signed({ sig: '' })],
    ['malformed', 'a second spelling of the signature', signed({ sig: respell(signature.sig) })],
    ['duplicate_key', 'two payloads', good.replace('{', '{"payload":"e30",')],
    ['duplicate_key', 'two key ids', good.replace('"keyid"', '"keyid":"x","keyid"')],
  ]
  return cases.map(([reason, name, envelope]) => ({ name, reason, envelope }))
}

/** Another last character with the same upper bits: lax decoders read the same bytes. */
function respell(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)!) + 1]!
}
