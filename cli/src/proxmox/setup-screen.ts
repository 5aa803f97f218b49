// SPDX-License-Identifier: Apache-2.0
/** What a person reads before an account is made: the rights, where they hold, and every call. */
import type { Paint } from '../output/paint.ts'
import { safeText } from '../output/safe-text.ts'
import { table } from '../output/table.ts'
import type { Change, WantedAccount } from './account.ts'

/** The account with its rights, and what will be done. */
export function setupScreen(
  wanted: WantedAccount,
  changes: readonly Change[],
  paint: Paint,
): string {
  const token = `${wanted.account}!${wanted.tokenId}`
  const rows = wanted.roles.map(({ id, paths, privileges }) => [
    id,
    paths.join(' '),
    privileges.join(' '),
  ])
  return [
    `The token ${paint.strong(safeText(token))} will have these rights and no others:`,
    table([{ head: 'role' }, { head: 'at' }, { head: 'privileges' }], rows, paint),
    '',
    changes.length === 0 ? 'All of it is there already.' : 'What will be done on the cluster:',
    ...changes.map(({ words }) => `  ${paint.good('+')} ${safeText(words)}`),
  ].join('\n')
}
