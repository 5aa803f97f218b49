// SPDX-License-Identifier: Apache-2.0
/** The Proxmox plugin in a hurry: the same code, with little time for each answer, and a minute is over after one second. */
import { defineJob, type AnyJobType, type Permission } from '@sallyport/sdk'
import { plugin as honest } from '../../../plugins/proxmox/src/index.ts'
import { alteredPlugin } from '../../support/altered-plugin.ts'

const ANSWER_MS = 1_500
const FASTER = 60
let isHasty = false

/** Why only in a run: whoever builds the bundle loads this file too. */
function hasten(): void {
  if (isHasty) return
  isHasty = true
  const now = Date.now
  const startedAtMs = now()
  Date.now = () => startedAtMs + (now() - startedAtMs) * FASTER
}

function hastily(permission: Permission): Permission {
  return permission.kind === 'endpoint' ? { ...permission, timeoutMs: ANSWER_MS } : permission
}

function hasty(job: AnyJobType): AnyJobType {
  const permissions = Object.entries<Permission>(job.permissions)
  return defineJob({
    ...job,
    permissions: Object.fromEntries(permissions.map(([name, each]) => [name, hastily(each)])),
    run: (context: unknown): unknown => {
      hasten()
      return (job.run as (given: unknown) => unknown)(context)
    },
  } as AnyJobType)
}

/** The plugin. */
export const plugin = alteredPlugin(honest, hasty)
