// SPDX-License-Identifier: Apache-2.0
/** The flags of every command that signs with a root key, and the hand that does it: it opens the key as late as it can. */
import { resolve } from 'node:path'
import { boolean, string } from '@oclif/core/flags'
import { isCodedError } from '@sallyport/sdk'
import type { Secret } from '@sallyport/sdk'
import type { SigningKey } from '@sallyport/core/crypto'
import type { Home } from './home.ts'
import { operatorFlags } from './operator-flags.ts'
import type { OperatorFlags } from './operator-flags.ts'
import type { Operator } from './operator/operator.ts'
import { parseDuration } from './output/duration.ts'
import type { RootHand, RootManner } from './trust/root-hand.ts'

/** Flags of commands that change the trust root. */
export const rootFlags = {
  'root-key': string({
    helpGroup: 'ROOT',
    helpValue: '<file>',
    summary: 'Your root key, where it is kept offline; else operator/root-key.json',
  }),
  'root-passphrase-file': string({
    helpGroup: 'ROOT',
    helpValue: '<file>',
    summary: 'File with its passphrase, when it is another than that of your keys',
  }),
  out: string({
    helpGroup: 'ROOT',
    helpValue: '<file>',
    summary: 'Where the change goes when others must sign it too; else ./root-<version>.json',
  }),
  timeout: string({
    helpGroup: 'ROOT',
    helpValue: '<time>',
    default: '30s',
    summary: 'How long to wait for the agents; they take it later too',
  }),
  yes: boolean({
    helpGroup: 'ROOT',
    default: false,
    summary: 'Do not ask; for scripts that have read it',
  }),
  ...operatorFlags,
}

/** Values of `rootFlags`. */
export interface RootFlags extends OperatorFlags {
  readonly 'root-key'?: string | undefined
  readonly 'root-passphrase-file'?: string | undefined
  readonly out?: string | undefined
  readonly timeout: string
  readonly yes: boolean
}

/** How the change is made, as the flags say. Throws: ERR_USAGE. */
export function mannerOf({ yes, out, timeout }: RootFlags): RootManner {
  return { isAgreed: yes, out, timeoutMs: parseDuration('timeout', timeout) }
}

/** Unlocks the operator's keys and hands them to `work`, with the hand that signs roots. */
export async function withRootHand<T>(
  { home, flags }: { home: Home; flags: RootFlags },
  work: (operator: Operator, hand: RootHand) => Promise<T>,
): Promise<T> {
  const { openOperator } = await import('./operator/open-operator.ts')
  const hand = rootHand({ home, flags })
  const { passphrase } = hand
  await using operator = await openOperator({ home, hub: flags.hub, passphrase })
  return await work(operator, hand)
}

/** The hand that signs roots with the key of this home, or of the file that a flag names. */
export function rootHand({ home, flags }: { home: Home; flags: RootFlags }): RootHand {
  const file = flags['root-key'] === undefined ? home.operator.rootKey : resolve(flags['root-key'])
  const place = { ...home, operator: { ...home.operator, rootKey: file } }
  const passphrase = once(async () => {
    const { getPassphrase } = await import('./operator/passphrase.ts')
    const asked = flags['passphrase-file']
    return getPassphrase({ file: asked, question: 'Passphrase of your keys' })
  })
  return { file, passphrase, unlock: () => unlock(place, passphrase, flags) }
}

/** Why the operator's passphrase first: most people have one, and are asked once. */
async function unlock(
  home: Home,
  passphrase: () => Promise<Secret>,
  flags: RootFlags,
): Promise<SigningKey> {
  const [{ unlockRootKey }, { getPassphrase }] = await Promise.all([
    import('./operator/root-key.ts'),
    import('./operator/passphrase.ts'),
  ])
  const own = flags['root-passphrase-file']
  const ask = () => getPassphrase({ file: own, question: 'Passphrase of your root key' })
  if (own !== undefined) return unlockRootKey(home, ask)
  try {
    return await unlockRootKey(home, passphrase)
  } catch (error) {
    if (!isCodedError(error) || error.code !== 'ERR_PASSPHRASE' || !process.stdin.isTTY) throw error
  }
  return unlockRootKey(home, ask)
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => (running ??= work())
}
