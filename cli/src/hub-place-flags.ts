// SPDX-License-Identifier: Apache-2.0
/** The flags of commands that work in the database of a hub, on the machine of the hub. */
import { string } from '@oclif/core/flags'
import type { Home } from './home.ts'

/** Where the database of a hub is. */
export const hubPlaceFlags = {
  'data-dir': string({
    helpValue: '<folder>',
    summary: 'Where its database is; else hub/ of the home',
    exclusive: ['database'],
  }),
  database: string({
    helpValue: '<url>',
    env: 'SALLYPORT_HUB_DATABASE',
    summary: 'Its PostgreSQL database, postgres://…; also by SALLYPORT_HUB_DATABASE',
  }),
}

/** The place that the flags name. */
export function hubPlaceOf(
  home: Home,
  flags: { readonly 'data-dir'?: string | undefined; readonly database?: string | undefined },
): { dataDir: string; database: string | undefined } {
  return { dataDir: flags['data-dir'] ?? home.hub, database: flags.database }
}
