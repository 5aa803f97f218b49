// SPDX-License-Identifier: Apache-2.0
/** What an approval says of the job types it lets run, derived from the manifest. */
import type { PluginManifest } from '@sallyport/sdk'
import type { ApprovedJob } from './documents.ts'
import { bindingsNamedBy } from './permission.ts'

/** The approved form of these job types of a plugin, of all unless named. A name the manifest lacks is left out. */
export function approvedJobsOf(
  manifest: PluginManifest,
  names: readonly string[] = Object.keys(manifest.jobs),
): Record<string, ApprovedJob> {
  const jobs = Object.entries(manifest.jobs).filter(([name]) => names.includes(name))
  return Object.fromEntries(
    jobs.map(([name, { effect, resources, permissions }]) => [
      name,
      { effect, resources, permissions } as ApprovedJob,
    ]),
  )
}

/** Names of all bindings that approved job types use, sorted. */
export function bindingNamesOf(jobs: Readonly<Record<string, ApprovedJob>>): string[] {
  const names = Object.values(jobs).flatMap(({ permissions }) =>
    Object.values(permissions).flatMap((permission) =>
      bindingsNamedBy(permission).map(({ name }) => name),
    ),
  )
  return [...new Set(names)].sort()
}
