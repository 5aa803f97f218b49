// SPDX-License-Identifier: GPL-3.0-or-later
/** The job that tells which rights the token lacks for which job types, and which it has too many. */
import { defineJob, endpoint } from '@sallyport/sdk'
import type { AnyJobType } from '@sallyport/sdk'
import { z } from 'zod'
import { NodeName, Vmid } from '../guest-ref.ts'
import { StorageName } from '../names.ts'
import { grantedTo, holds, reachOf } from '../permissions.ts'
import type { Granted, Reach } from '../permissions.ts'
import { needsOf } from '../privileges.ts'
import type { Need } from '../privileges.ts'

const Input = z.strictObject({
  jobs: z
    .array(z.string().regex(/^[a-z][a-z0-9.-]{0,63}$/))
    .max(100)
    .optional()
    .describe('only these job types, guest.start for example'),
  nodes: z.array(NodeName).max(64).optional().describe('look at these nodes; at all unless given'),
  vmids: z.array(Vmid).max(256).optional().describe('look at these guests; at all unless given'),
  storages: z
    .array(StorageName)
    .max(64)
    .optional()
    .describe('look at these storages; at all unless given'),
})
type Input = z.infer<typeof Input>

const Lacking = z.object({
  anyOf: z.array(z.string()).describe('one of these privileges'),
  at: z.array(z.string()).describe('on one of these paths'),
  reach: z.enum(['somewhere', 'nowhere']).describe('whether it is granted in some places'),
})

const Checked = z.object({
  jobs: z.array(
    z.object({
      job: z.string(),
      state: z.enum(['ready', 'in places', 'lacking']),
      missing: z.array(Lacking),
    }),
  ),
  unknownJobs: z.array(z.string()),
  excess: z
    .array(z.object({ path: z.string(), privilege: z.string(), why: z.string() }))
    .describe('what the token may do and no looked-at job type needs'),
  isSeparated: z
    .boolean()
    .describe('false when it may do what only its owner should: it has no rights of its own'),
  sees: z.enum(['something', 'nothing granted']),
})

/** The job over the job types of the plugin. */
export function accessCheckOf(jobs: Readonly<Record<string, AnyJobType>>) {
  const rights = new Map(Object.entries(jobs).map(([name, job]) => [name, needsOf(job)]))
  return defineJob({
    summary: 'Rights that the token lacks for job types, and rights that it has beyond need',
    effect: 'read',
    input: Input,
    output: Checked,
    permissions: { pve: endpoint('pve', ['GET /access/permissions']) },
    limits: { perMinute: 30, timeoutMs: 30_000 },
    async run({ input, use }) {
      const granted = await grantedTo(use.pve)
      const wanted = input.jobs ?? [...rights.keys()]
      const known = wanted.filter((name) => rights.has(name))
      const needs = known.flatMap((name) => rights.get(name) ?? [])
      const excess = excessOf(granted, needs)
      return {
        jobs: known.map((job) => checkedOf(granted, input, { job, needs: rights.get(job) ?? [] })),
        unknownJobs: wanted.filter((name) => !rights.has(name)),
        excess,
        isSeparated: !excess.some(({ why }) => why === OWNERS_ONLY),
        sees: [...granted.values()].some(({ size }) => size > 0)
          ? ('something' as const)
          : ('nothing granted' as const),
      }
    },
  })
}

function checkedOf(
  granted: Granted,
  input: Input,
  { job, needs }: { readonly job: string; readonly needs: readonly Need[] },
): z.infer<typeof Checked>['jobs'][number] {
  const missing = needs.flatMap(({ anyOf, at }) => {
    const reaches = at.map((path) => reachAt(granted, input, { path, anyOf }))
    if (reaches.includes('everywhere')) return []
    const reach = reaches.includes('somewhere') ? ('somewhere' as const) : ('nowhere' as const)
    return [{ anyOf: [...anyOf], at: [...at], reach }]
  })
  const isNowhere = missing.some(({ reach }) => reach === 'nowhere')
  const state = missing.length === 0 ? 'ready' : isNowhere ? 'lacking' : 'in places'
  return { job, state, missing }
}

/** How far a right reaches: at the named places where such were given, else over all below the first gap. */
function reachAt(
  granted: Granted,
  input: Input,
  { path, anyOf }: { readonly path: string; readonly anyOf: readonly string[] },
): Reach {
  if (!path.includes('{')) {
    return anyOf.some((each) => holds(granted, path, each)) ? 'everywhere' : 'nowhere'
  }
  const root = path.slice(0, path.indexOf('/{')) || '/'
  const named = placesOf(root, input)
  if (named === undefined) return reachOf(granted, root, anyOf)
  const held = named.filter((place) => anyOf.some((each) => holds(granted, place, each)))
  if (held.length === named.length) return 'everywhere'
  return held.length > 0 ? 'somewhere' : 'nowhere'
}

function placesOf(root: string, { nodes, vmids, storages }: Input): string[] | undefined {
  const named = { '/nodes': nodes, '/vms': vmids?.map(String), '/storage': storages }[root]
  return named?.map((name) => `${root}/${name}`)
}

const OWNERS_ONLY = 'only the owner of a token should be able to do this'
const OWNERS = /^(?:Permissions\.Modify|User\.Modify|Realm\.\w+|Group\.Allocate|Sys\.Console)$/

function excessOf(granted: Granted, needs: readonly Need[]): z.infer<typeof Checked>['excess'] {
  const needed = new Set(needs.flatMap(({ anyOf }) => anyOf))
  return [...granted].flatMap(([path, privileges]) =>
    [...privileges.keys()].sort().flatMap((privilege) => {
      if (OWNERS.test(privilege)) return [{ path, privilege, why: OWNERS_ONLY }]
      if (privilege === 'Sys.Modify' && path === '/') {
        return [{ path, privilege, why: 'it reaches the settings of the whole cluster' }]
      }
      return needed.has(privilege) ? [] : [{ path, privilege, why: 'no job type needs it' }]
    }),
  )
}
