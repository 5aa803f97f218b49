// SPDX-License-Identifier: Apache-2.0
/** A publisher's signature over a bundle. */
import { describe, expect, it } from '@jest/globals'
import { openBundle } from '../../src/crypto/bundle.ts'
import { digestOf } from '../../src/crypto/digest.ts'
import { openPublication, publishes, signPublication } from '../../src/crypto/publication.ts'
import { signDocument } from '../../src/crypto/sign.ts'
import { documents, instantOf } from '../../src/protocol/index.ts'
import {
  bundle,
  makeId,
  MINUTE,
  NOW,
  operator,
  publisher,
  signApproval,
  stranger,
} from '../support/site.ts'

const digest = digestOf(bundle)
const times = { issuedAtMs: NOW, expiresAtMs: NOW + MINUTE }
const signed = signPublication(bundle, { publisher, publicationId: makeId(), ...times })

describe('a publication', () => {
  it('names the bundle, its parts, its publisher and its window', () => {
    const publication = openPublication(signed)
    expect(publication.plugin).toEqual({ name: 'sensors', version: '1.0.0', digest })
    expect(Object.keys(publication.parts).sort()).toEqual(['licenses.txt', 'plugin.mjs'])
    expect(publication.publisher.name).toBe('publisher')
    expect(publication.expiresAt).toBe(instantOf(NOW + MINUTE))
    expect(publishes(publication, openBundle(bundle, digest), digest)).toBe(true)
  })

  it('is not opened when another key signed it, or one byte of it was changed', () => {
    const publication = openPublication(signed)
    const forged = signDocument(documents.publication, publication, stranger.signing)
    expect(() => openPublication(forged)).toThrowCode('ERR_PUBLICATION')
    const inTheNameOf = { ...publication.publisher, name: operator.name }
    const renamed = { ...publication, publisher: inTheNameOf }
    expect(() =>
      openPublication(signDocument(documents.publication, renamed, operator.signing)),
    ).toThrowCode('ERR_PUBLICATION')
    const text = new TextDecoder().decode(signed)
    const flipped = text.replace(
      /"sig":"(.)/,
      (_, first: string) => `"sig":"${first === 'A' ? 'B' : 'A'}`,
    )
    expect(() => openPublication(new TextEncoder().encode(flipped))).toThrowCode('ERR_PUBLICATION')
  })

  it('is not opened when it is a document of another kind', () => {
    expect(() => openPublication(signApproval({}, publisher))).toThrowCode('ERR_DOCUMENT_FORM')
  })
})
