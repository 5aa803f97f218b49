// SPDX-License-Identifier: Apache-2.0
/** Makes a publisher's identity and says what it is for. */
import type { Home } from '../home.ts'
import { getPassphrase } from '../operator/passphrase.ts'
import { expectName } from '../output/expect-name.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { fingerprint } from '../output/words.ts'
import { expectNoPublisher, makePublisher, publisherKeyId } from '../publisher/identity.ts'

/** What `plugin keygen` is asked. */
export interface KeygenRequest {
  readonly home: Home
  readonly talk: Talk
  readonly name: string
  readonly passphraseFile: string | undefined
}

/** Makes the identity; refuses where there is one. */
export async function pluginKeygen({
  home,
  talk,
  name,
  passphraseFile,
}: KeygenRequest): Promise<void> {
  expectName('name', name)
  expectNoPublisher(home)
  const question = "Passphrase for the publisher's keys"
  const passphrase = await getPassphrase({ file: passphraseFile, question, isNew: true })
  const publisher = await makePublisher(home, name, passphrase)
  const keyId = publisherKeyId(publisher)
  const document = {
    format: 'sallyport.plugin-keygen/1',
    publisher: { name, key: publisher.key, keyId, fingerprint: `SHA256:${keyId}` },
    file: home.publisher.keys,
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good('made')} publisher ${name}`,
      pairs([
        ['key', `ed25519 ${fingerprint(keyId)}`],
        ['keys', `${home.publisher.keys}, locked under your passphrase`],
      ]),
      'It signs bundles and nothing else; operators know your plugins by its fingerprint.',
      '  sallyport plugin sign <bundle>',
    ].join('\n'),
  )
}
