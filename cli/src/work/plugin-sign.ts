// SPDX-License-Identifier: Apache-2.0
/** Signs a bundle as its publisher and says what was signed. */
import { readBundle } from '../bundle/read-bundle.ts'
import type { Home } from '../home.ts'
import { getPassphrase } from '../operator/passphrase.ts'
import { safeText } from '../output/safe-text.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { fingerprint, relative, size } from '../output/words.ts'
import { expectPublisher, unlockPublisher } from '../publisher/identity.ts'
import { expectUnsigned, publish } from '../publisher/publication.ts'

/** What `plugin sign` is asked. */
export interface SignRequest {
  readonly home: Home
  readonly talk: Talk
  readonly file: string
  readonly lifetimeMs: number
  /** Replaces a publication that is there. */
  readonly isReplacing: boolean
  readonly passphraseFile: string | undefined
}

/** Writes the publication beside the bundle. */
export async function pluginSign(request: SignRequest): Promise<void> {
  const { home, talk, file, lifetimeMs } = request
  const bundle = await readBundle(file)
  if (!request.isReplacing) expectUnsigned(file)
  expectPublisher(home)
  const question = "Passphrase of the publisher's keys"
  const publisher = await unlockPublisher(home, () =>
    getPassphrase({ file: request.passphraseFile, question }),
  )
  const nowMs = Date.now()
  const window = { issuedAtMs: nowMs, expiresAtMs: nowMs + lifetimeMs }
  const signed = await publish(bundle, publisher, window)
  const { plugin, parts, issuedAt, expiresAt, publicationId } = signed.publication
  const { name, key } = signed.publication.publisher
  const document = {
    format: 'sallyport.plugin-sign/1',
    publicationId,
    plugin,
    publisher: { name, key, keyId: signed.keyId, fingerprint: `SHA256:${signed.keyId}` },
    file: signed.file,
    parts,
    issuedAt,
    expiresAt,
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good('signed')} ${plugin.name} ${plugin.version} as ${name} (ed25519 ${fingerprint(signed.keyId)})`,
      pairs([
        ['bundle', `${safeText(file)} (${size(bundle.bytes.length)})`],
        ['digest', plugin.digest],
        ['parts', Object.keys(parts).map(safeText).join(', ')],
        ['valid', `until ${expiresAt.slice(0, 10)}, ${relative(Date.parse(expiresAt), nowMs)}`],
        ['signature', `${safeText(signed.file)}; it goes wherever the bundle goes`],
      ]),
      `  sallyport plugin approve ${safeText(file)} --agent <name>`,
    ].join('\n'),
  )
}
