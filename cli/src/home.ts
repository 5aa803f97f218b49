// SPDX-License-Identifier: Apache-2.0
/** Where everything of one person or host lies. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** Paths below one home. */
export interface Home {
  readonly folder: string
  /** The operator's side: keys, site, records. */
  readonly operator: {
    readonly folder: string
    readonly keys: string
    /** The root key, under a passphrase of its own or the same. */
    readonly rootKey: string
    readonly site: string
    /** The key to the names of the site. */
    readonly nameKey: string
    /** The versions of the trust root that this person verified, oldest first. */
    readonly roots: string
    /** The newest policy that this person verified. */
    readonly policy: string
    readonly settings: string
    readonly agents: string
    readonly approvals: string
    readonly revocations: string
    readonly heads: string
  }
  /** The publisher's side: keys that sign bundles and nothing else. */
  readonly publisher: { readonly keys: string }
  /** The folder of a hub. */
  readonly hub: string
  /** The state directory of an agent. */
  readonly agent: string
}

/** The layout below `given`, else below `~/.sallyport`. */
export function homeLayout(given?: string): Home {
  const folder = resolve(given ?? join(homedir(), '.sallyport'))
  const operator = join(folder, 'operator')
  return {
    folder,
    operator: {
      folder: operator,
      keys: join(operator, 'keys.json'),
      rootKey: join(operator, 'root-key.json'),
      site: join(operator, 'site.json'),
      nameKey: join(operator, 'name-key.json'),
      roots: join(operator, 'roots'),
      policy: join(operator, 'policy.json'),
      settings: join(operator, 'settings.json'),
      agents: join(operator, 'agents'),
      approvals: join(operator, 'approvals'),
      revocations: join(operator, 'revocations'),
      heads: join(operator, 'heads'),
    },
    publisher: { keys: join(folder, 'publisher', 'keys.json') },
    hub: join(folder, 'hub'),
    agent: join(folder, 'agent'),
  }
}
