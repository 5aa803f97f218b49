// SPDX-License-Identifier: Apache-2.0
/** Whom this agent believes: the trust root its code vouched for, every root since, and the policy. */
import { SiteAuthority } from '@sallyport/core/admission'
import { decodeBase64url } from '@sallyport/core/protocol'
import type { AuthorityBook } from '@sallyport/core/runner'
import type { SqliteAgentStore } from '@sallyport/core/stores'
import { systemClock } from '@sallyport/core/wiring'
import type { AgentFile } from './agent-file.ts'
import type { Enrolled } from './trust.ts'

/**
 * The authority over an agent's database, from the root that it was enrolled with.
 *
 * Time: a clock that was turned back brings no key back to life.
 */
export function authorityOf(
  { rootFingerprint }: Pick<AgentFile, 'rootFingerprint'>,
  { enrolment, nameKey }: Pick<Enrolled, 'enrolment' | 'nameKey'>,
  store: Pick<SqliteAgentStore, 'authority' | 'clock'>,
): SiteAuthority {
  const root = decodeBase64url(enrolment.trustRoot)
  const anchor = { root, fingerprint: rootFingerprint, nameKey }
  return new SiteAuthority(anchor, store.authority, () =>
    Math.max(systemClock.now(), store.clock.highest()),
  )
}

/** The same as a book that the runner can write in. */
export function bookOf(
  authority: SiteAuthority,
  store: Pick<SqliteAgentStore, 'authority'>,
): AuthorityBook {
  return {
    authority,
    addRoot: (version, envelope, atMs) => store.authority.addRoot(version, envelope, atMs),
    addPolicy: (version, held, atMs) => store.authority.addPolicy(version, held, atMs),
  }
}
