// SPDX-License-Identifier: Apache-2.0
/** Makes an operator on this machine and says what comes next. */
import { existsSync } from 'node:fs'
import { keyIdOf } from '@sallyport/core/crypto'
import { parseHubAddress } from '@sallyport/core/transport'
import type { Home } from '../home.ts'
import { makeOperator } from '../operator/identity.ts'
import type { NewOperator } from '../operator/identity.ts'
import { getPassphrase } from '../operator/passphrase.ts'
import { DEFAULT_HUB } from '../operator/site.ts'
import { EXIT } from '../output/exit-codes.ts'
import { expectName } from '../output/expect-name.ts'
import { Problem } from '../output/problem.ts'
import { pairs } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { fingerprint } from '../output/words.ts'

/** What `init` is asked. */
export interface InitRequest {
  readonly home: Home
  readonly talk: Talk
  readonly flags: {
    readonly name: string
    readonly site: string
    readonly profile: NewOperator['profile']
    readonly hub?: string | undefined
    readonly home?: string | undefined
    readonly 'passphrase-file'?: string | undefined
  }
}

/** Makes the identity and the site; refuses where there is one. */
export async function init({ home, talk, flags }: InitRequest): Promise<void> {
  expectName('name', flags.name)
  expectName('site', flags.site)
  const hub = parseHubAddress(flags.hub ?? DEFAULT_HUB)
  if (existsSync(home.operator.keys) || existsSync(home.operator.site)) throw operatorExists(home)
  const passphrase = await getPassphrase({
    file: flags['passphrase-file'],
    question: 'Passphrase for your keys',
    isNew: true,
  })
  const { name, site: siteName, profile } = flags
  const made = { name, siteName, hub, passphrase, profile }
  const { identity, site, recoveryCode } = await makeOperator(home, made)
  const keyId = keyIdOf(identity.signing.publicKey)
  const document = {
    format: 'sallyport.init/1',
    operator: { name: identity.name, keyId },
    site: { siteId: site.siteId, name: site.name, file: home.operator.site },
    hub,
    home: home.folder,
    recoveryCode,
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good('made')} operator ${identity.name} for site ${site.name}`,
      pairs([
        ['key', `ed25519 ${fingerprint(keyId)}`],
        ['keys', `${home.operator.keys}, locked under your passphrase`],
        ['site', `${home.operator.site}, public`],
        ['hub', hub],
      ]),
      'Write this down and keep it away from this machine. Whoever has it can take over the site; it is shown only now:',
      `  ${talk.paint.strong(recoveryCode)}`,
      'Next, each in its own terminal:',
      `  sallyport hub start${flags.home === undefined ? '' : ` --home ${flags.home}`}`,
      `  sallyport agent code <name of a host>${flags.home === undefined ? '' : ` --home ${flags.home}`}`,
    ].join('\n'),
  )
}

/** The problem of a home that belongs to somebody already. */
export function operatorExists(home: Home): Problem {
  return new Problem('ERR_OPERATOR_EXISTS', 'there is an operator identity here already', {
    exit: EXIT.refused,
    details: { home: home.folder },
    unharmed: 'It was not touched.',
    remedy: 'Use it, or make another in its own home:',
    commands: ['sallyport init --home <folder>'],
  })
}
