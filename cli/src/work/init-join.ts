// SPDX-License-Identifier: Apache-2.0
/** Makes the keys of one more person of a site that exists, and the line by which the others take them up. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keyIdOf, publicIdentity, rootFingerprintOf } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import { encodeSiteFile, parseHubAddress, parseSiteFile } from '@sallyport/core/transport'
import { lockedIdentity } from '../operator/identity.ts'
import { getPassphrase } from '../operator/passphrase.ts'
import { writeRecord } from '../operator/records.ts'
import {
  RECOVERY_SECRET_BYTES,
  makeRecoveryCode,
  recoveryIdentityOf,
} from '../operator/recovery-code.ts'
import { keepRootKey, lockedRootKey } from '../operator/root-key.ts'
import { DEFAULT_HUB, Settings } from '../operator/site.ts'
import { expectName } from '../output/expect-name.ts'
import { pairs } from '../output/table.ts'
import { identityLine } from '../trust/identity-line.ts'
import type { IdentityLine } from '../trust/identity-line.ts'
import { operatorExists } from './init.ts'
import type { InitRequest } from './init.ts'

/** Makes keys, and with `root` a root key and a recovery code; refuses where there are any. */
export async function initJoin(
  { home, talk, flags }: InitRequest,
  { siteFile, isRootHolder }: { siteFile: string; isRootHolder: boolean },
): Promise<void> {
  expectName('name', flags.name)
  const hub = parseHubAddress(flags.hub ?? DEFAULT_HUB)
  const { keys, site } = home.operator
  if (existsSync(keys) || existsSync(site)) throw operatorExists(home)
  const { root, envelope } = parseSiteFile(await readFile(siteFile))
  const file = flags['passphrase-file']
  const passphrase = await getPassphrase({
    file,
    question: 'Passphrase for your keys',
    isNew: true,
  })
  const { identity, box } = lockedIdentity(flags.name, passphrase)
  const rootKey = isRootHolder ? lockedRootKey(flags.name, passphrase) : undefined
  const code = isRootHolder ? makeRecoveryCode(randomBytes(RECOVERY_SECRET_BYTES)) : undefined
  const line: IdentityLine = {
    ...publicIdentity(identity),
    rootKeys: [
      ...(rootKey === undefined
        ? []
        : [{ signingKey: encodeBase64url(rootKey.signing.publicKey), sealingKey: null }]),
      ...(code === undefined ? [] : [recoveryKeysOf(code)]),
    ],
  }
  const { writeDurably, writeKeyFile } = await import('@sallyport/core/stores')
  await mkdir(home.operator.folder, { recursive: true, mode: 0o700 })
  await writeRecord(home.operator.settings, Settings, { format: 'sallyport-settings-1', hub })
  if (rootKey !== undefined) await keepRootKey(home, rootKey.box)
  writeKeyFile(keys, box, { mustBeNew: true })
  writeDurably(site, encodeSiteFile(envelope), { mustBeNew: true })
  const identityFile = join(home.operator.folder, `${flags.name}.id`)
  await writeFile(identityFile, `${identityLine(line)}\n`)
  const keyId = keyIdOf(identity.signing.publicKey)
  const document = {
    format: 'sallyport.init-join/1',
    operator: { name: flags.name, keyId },
    // Its name can be read once the others have taken these keys in.
    site: { siteId: root.siteId, fingerprint: rootFingerprintOf(envelope) },
    identity: { line: identityLine(line), file: identityFile },
    hub,
    home: home.folder,
    recoveryCode: code ?? null,
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good('made')} keys of ${flags.name}`,
      pairs([
        ['key', `SHA256:${keyId}`],
        ['site', `trust root ${root.version}, fingerprint ${rootFingerprintOf(envelope)}`],
        ['hub', hub],
        ['identity', `${identityFile}, public`],
      ]),
      ...(code === undefined ? [] : recoveryLines(talk.paint.strong(code))),
      'Compare the fingerprint of the site with whoever gave you the file, and send them your identity. They type:',
      `  sallyport trust add ${flags.name}.id --role operator${isRootHolder ? ' --role root' : ''}`,
    ].join('\n'),
  )
}

/** What is said of a recovery code, the one time that it is shown. */
export function recoveryLines(code: string): string[] {
  return [
    'Write this down and keep it away from this machine. Whoever has it can take over the site; it is shown only now:',
    `  ${code}`,
  ]
}

/** The public keys of a recovery code. */
export function recoveryKeysOf(code: string): { signingKey: string; sealingKey: string } {
  const { signing, sealing } = recoveryIdentityOf(code)
  return {
    signingKey: encodeBase64url(signing.publicKey),
    sealingKey: encodeBase64url(sealing.publicKey),
  }
}
