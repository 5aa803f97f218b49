// SPDX-License-Identifier: Apache-2.0
/** What a plugin may do and was not seen doing. */
import { pathMatches } from '@sallyport/sdk'
import type { Permission, PluginManifest } from '@sallyport/sdk'
import { targetOf } from './handle-use.ts'
import type { HandleUse } from './handle-use.ts'
import { routeCovers } from './propose.ts'

/** A granted right that no run used: a whole handle, or one part of what it names. */
export interface UnusedRight {
  readonly job: string
  readonly handle: string
  /** The path, route or job type; undefined when the handle was never used at all. */
  readonly part: string | undefined
}

/** Names the unused rights of the job types that ran. `isWhole` says whether the uses tell every target. */
export function unusedRights(
  manifest: PluginManifest,
  seen: {
    readonly ran: ReadonlySet<string>
    readonly uses: readonly HandleUse[]
    readonly isWhole: boolean
  },
): UnusedRight[] {
  return Object.entries(manifest.jobs)
    .filter(([job]) => seen.ran.has(job))
    .flatMap(([job, { permissions }]) =>
      Object.entries(permissions).flatMap(([handle, permission]): UnusedRight[] => {
        const uses = seen.uses.filter((use) => use.job === job && use.handle === handle)
        if (uses.length === 0) return [{ job, handle, part: undefined }]
        const parts = seen.isWhole ? unusedParts(permission, uses) : []
        return parts.map((part) => ({ job, handle, part }))
      }),
    )
}

function unusedParts(permission: Permission, uses: readonly HandleUse[]): string[] {
  switch (permission.kind) {
    case 'files.read':
    case 'files.write':
      return permission.paths.filter(
        (path) => !uses.some((use) => pathMatches([path], targetOf(use))),
      )
    case 'endpoint':
      return permission.routes
        .filter((route) => !uses.some((use) => targetOf(use) !== ' ' && routeCovers(route, use)))
        .map(({ route }) => route)
    case 'ask':
      return permission.jobTypes.filter((jobType) => !uses.some((use) => targetOf(use) === jobType))
    default:
      return []
  }
}
