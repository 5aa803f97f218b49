// SPDX-License-Identifier: Apache-2.0
/** Vectors of publications: one that holds for a bundle, and each way not to. */
import {
  digestOf,
  makeBundle,
  openPublication,
  signDocument,
  signPublication,
} from '@sallyport/core/crypto'
import { documents, type Publication } from '@sallyport/core/protocol'
import { describeParty, operator, party, stranger } from './parties.ts'

const ISSUED_AT_MS = Date.parse('2026-01-31T12:00:00.000Z')
const DAY_MS = 86_400_000

const manifest = {
  name: 'uptime',
  version: '1.0.0',
  summary: 'How long a host has been up',
  jobs: {},
}
const bundle = makeBundle(manifest, { 'plugin.mjs': 'export {}\n', 'licenses.txt': 'none\n' })
const otherBundle = makeBundle(manifest, { 'plugin.mjs': 'export{}\n', 'licenses.txt': 'none\n' })

const publisher = party('acme', 9)
const good = signPublication(bundle, {
  publisher: publisher.identity,
  publicationId: '01983f00-0000-7000-8000-000000000007',
  issuedAtMs: ISSUED_AT_MS,
  expiresAtMs: ISSUED_AT_MS + 365 * DAY_MS,
})

/** The file. */
export function publicationVectors(): object {
  const publication = openPublication(good)
  const otherDigest = digestOf(otherBundle)
  const says = (changes: Partial<Publication>): Uint8Array =>
    signDocument(documents.publication, { ...publication, ...changes }, publisher.identity.signing)
  const by = (signing: typeof publisher.identity.signing): Uint8Array =>
    signDocument(documents.publication, publication, signing)
  return {
    description:
      'Publications held against one bundle. `signed`: the key that the publication names has signed it. `holds`: it is also of exactly this bundle. Windows and whether the key is the right one are for the reader to check.',
    publisher: describeParty(publisher),
    bundle: new TextDecoder().decode(bundle),
    bundleDigest: digestOf(bundle),
    cases: [
      found('as signed', good, { signed: true, holds: true }),
      found('of another file', says({ plugin: { ...publication.plugin, digest: otherDigest } }), {
        signed: true,
        holds: false,
      }),
      found('of another version', says({ plugin: { ...publication.plugin, version: '1.0.1' } }), {
        signed: true,
        holds: false,
      }),
      found('of another manifest', says({ manifestDigest: otherDigest }), {
        signed: true,
        holds: false,
      }),
      found(
        'without one of the parts',
        says({ parts: without('licenses.txt', publication.parts) }),
        {
          signed: true,
          holds: false,
        },
      ),
      found('with one part more', says({ parts: { ...publication.parts, extra: otherDigest } }), {
        signed: true,
        holds: false,
      }),
      found('signed by a key it does not name', by(stranger.identity.signing), {
        signed: false,
        holds: false,
      }),
      found('signed in the name of an operator', by(operator.identity.signing), {
        signed: false,
        holds: false,
      }),
    ],
  }
}

function found(name: string, envelope: Uint8Array, expected: object): object {
  return { name, envelope: new TextDecoder().decode(envelope), ...expected }
}

function without(name: string, parts: Publication['parts']): Publication['parts'] {
  return Object.fromEntries(Object.entries(parts).filter(([part]) => part !== name))
}
