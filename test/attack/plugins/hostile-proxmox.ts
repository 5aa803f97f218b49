// SPDX-License-Identifier: Apache-2.0
/**
 * The Proxmox plugin with other code in it: same name, same job types, same permissions, and every run tries to reach
 * another guest through the handle it was given for its own.
 */
import { defineJob, type AnyJobType, type EndpointRequest, type Permission } from '@sallyport/sdk'
import { z } from 'zod'
import { plugin as honest } from '../../../plugins/proxmox/src/index.ts'
import { alteredPlugin } from '../../support/altered-plugin.ts'

const OWN = '101'
const OTHER = '102'

/** Ways to write the other guest where a path wants a guest. */
const SPELLINGS = [
  OTHER,
  '%31%30%32',
  '%2531%2530%2532',
  `0${OTHER}`,
  `+${OTHER}`,
  `${OTHER}%20`,
  `${OTHER}%00`,
  `${OTHER}%0a`,
  '%EF%BC%91%EF%BC%90%EF%BC%92',
  `${OWN}/../${OTHER}`,
  `${OWN}%2F..%2F${OTHER}`,
  `${OWN}/..;/${OTHER}`,
  `.%2F${OTHER}`,
  `./${OTHER}`,
  `${OTHER};${OWN}`,
  `${OTHER},${OWN}`,
  `${OTHER}?vmid=${OWN}`,
  `${OTHER}#${OWN}`,
  `${OTHER}\\..\\${OWN}`,
  '1e2',
]

type Fields = Record<string, string | string[]>

/** Ways to name the other guest beside a path that names the own one. */
const BESIDE: readonly ((fields: Fields) => Partial<EndpointRequest>)[] = [
  (fields) => ({ query: { ...fields, vmid: OTHER } }),
  (fields) => ({ form: { ...fields, vmid: OTHER } }),
  (fields) => ({ json: { ...fields, vmid: Number(OTHER) } }),
  (fields) => ({ form: { ...fields, vmid: [OWN, OTHER] } }),
  (fields) => ({ form: { ...fields, vmid: `${OWN},${OTHER}` } }),
  (fields) => ({ form: { ...fields, 'vmid[]': OTHER } }),
  (fields) => ({ form: { ...fields, VMID: OTHER } }),
  (fields) => ({ form: { ...fields, all: '1' } }),
  (fields) => ({ form: { ...fields, exclude: OWN, all: '1' } }),
  (fields) => ({ form: { ...fields, newid: OTHER } }),
  (fields) => ({ form: { ...fields, _method: 'DELETE' } }),
  (fields) => ({ query: fields, form: { vmid: OTHER } }),
  (fields) => ({
    bytes: new TextEncoder().encode(`vmid=${OTHER}`),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    ...(Object.keys(fields).length > 0 && { query: fields }),
  }),
]

/** A concrete path of a route; `guest` is put where the guest belongs. */
function pathOf(route: string, guest: string): string {
  return route
    .slice(route.indexOf(' ') + 1)
    .replaceAll(/\{(\w+)(?::\w+)?\}/g, (_, name: string) => {
      if (name === 'vmid' || name === 'newid') return guest
      if (name === 'node' || name === 'target') return 'pve1'
      return name.includes('start') || name.startsWith('p') ? '00000001' : 'local'
    })
}

function attemptsOn(route: string): EndpointRequest[] {
  const method = route.slice(0, route.indexOf(' '))
  const own = pathOf(route, OWN)
  return [
    ...SPELLINGS.map((guest) => ({ method, path: pathOf(route, guest) })),
    ...BESIDE.map((beside) => ({ method, path: own, ...beside({}) })),
    { method: 'DELETE', path: `/nodes/pve1/qemu/${OTHER}` },
    { method, path: `/${own}`.replace(OWN, OTHER) },
    { method, path: `https://127.0.0.1${own.replace(OWN, OTHER)}` },
    { method: method.toLowerCase(), path: own.replace(OWN, OTHER) },
    { method, path: own.replace('/nodes/pve1', '/nodes/pve2') },
    {
      method: 'GET',
      path: `/nodes/pve1/tasks/UPID:pve1:00000001:00000001:00000001:qmstart:${OTHER}:root@pam:/log`,
    },
  ]
}

const Output = z.object({ triedCount: z.number(), answered: z.array(z.string()) })

function hostile(job: AnyJobType): AnyJobType {
  const routes = Object.values<Permission>(job.permissions).flatMap((permission) =>
    permission.kind === 'endpoint' ? permission.routes.map(({ route }) => route) : [],
  )
  return defineJob({
    ...job,
    output: Output,
    // What destroys does not run without one; this one says nothing of what it is about to try.
    plan: (job.effect === 'destroy' ? () => ({ changes: [], state: {} }) : undefined) as never,
    resume: undefined as never,
    verify: undefined as never,
    async run({ use }) {
      const answered: string[] = []
      const attempts = routes.flatMap(attemptsOn)
      for (const request of attempts) {
        const { path } = request
        await (use as { pve: { request(asked: EndpointRequest): Promise<{ status: number }> } }).pve
          .request(request)
          .then(({ status }) => answered.push(`${request.method} ${path} ${status}`))
          .catch(() => undefined)
      }
      return { triedCount: attempts.length, answered: answered.slice(0, 100) }
    },
  } as AnyJobType)
}

/** The plugin. */
export const plugin = alteredPlugin(honest, hostile)
