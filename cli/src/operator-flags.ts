// SPDX-License-Identifier: Apache-2.0
/** The flags of every command that uses the operator's keys, and the operator they open. */
import { string } from '@oclif/core/flags'
import type { Home } from './home.ts'
import type { Operator } from './operator/operator.ts'

/** Flags of commands that sign or ask the hub. */
export const operatorFlags = {
  hub: string({
    helpGroup: 'OPERATOR',
    helpValue: '<url>',
    env: 'SALLYPORT_HUB',
    summary: 'Address of the hub; else the one `init` was given',
  }),
  'passphrase-file': string({
    helpGroup: 'OPERATOR',
    helpValue: '<file>',
    env: 'SALLYPORT_PASSPHRASE_FILE',
    summary: 'File with the passphrase of your keys; else it is asked for',
  }),
}

/** Values of `operatorFlags`. */
export interface OperatorFlags {
  readonly hub?: string | undefined
  readonly 'passphrase-file'?: string | undefined
}

/** Unlocks the keys and hands the operator to `work`; the connection to the hub ends with it. */
export async function withOperator<T>(
  { home, flags }: { home: Home; flags: OperatorFlags },
  work: (operator: Operator) => Promise<T>,
): Promise<T> {
  const [{ openOperator }, { getPassphrase }] = await Promise.all([
    import('./operator/open-operator.ts'),
    import('./operator/passphrase.ts'),
  ])
  const passphrase = () =>
    getPassphrase({ file: flags['passphrase-file'], question: 'Passphrase of your keys' })
  await using operator = await openOperator({ home, hub: flags.hub, passphrase })
  return await work(operator)
}
