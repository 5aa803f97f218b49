// SPDX-License-Identifier: GPL-3.0-or-later
/** The job that makes a new guest with its own identity, from a golden template or an archive. */
import { defineJob, endpoint, route } from '@sallyport/sdk'
import type { PlannedChange } from '@sallyport/sdk'
import { z } from 'zod'
import { pveFailed } from '../errors.ts'
import { expectFree, freeNumberRoute } from '../free-number.ts'
import {
  GUEST_RESOURCES,
  GUEST_ROUTES,
  expectState,
  expectUnlocked,
  findGuest,
  findGuestIfAny,
} from '../guest-ref.ts'
import type { GuestKind } from '../guest-ref.ts'
import { configOf, configRoutes, hasCloudInit, identityIn } from '../identity.ts'
import {
  CONTAINER_FIELDS,
  CREATE_FIELDS,
  MACHINE_FIELDS,
  NewGuest,
  wishFault,
} from '../new-guest.ts'
import { guestText, line, planOf, sizeText } from '../plan-lines.ts'
import { provision, resumeProvision, stepsOf } from '../provision.ts'
import { pveOf } from '../pve.ts'
import type { Pve } from '../pve.ts'
import { storageRoute, usableStorage } from '../storage-state.ts'
import { taskRoutes } from '../tasks.ts'
import { textOf } from '../values.ts'
import { cloneFields } from './guest-clone.ts'

const nothing = { query: {}, others: 'forbidden' } as const

const Provisioned = z.object({
  changed: z.literal(true),
  vmid: z.number(),
  node: z.string(),
  kind: z.enum(['qemu', 'lxc']),
  name: z.string().nullable(),
  status: z.string(),
  macs: z.record(z.string(), z.string()).describe('by network card'),
  address: z.string().nullable().describe('what it was told; null when nothing was'),
  steps: z.array(z.string()).describe('what was done, in order'),
  notes: z.array(z.string()),
})
type Provisioned = z.infer<typeof Provisioned>

/** Makes a new guest: copies or unpacks, configures, starts. */
export const guestProvision = defineJob({
  summary: 'Make a new guest with name, addresses and keys of its own from a golden template',
  effect: 'change',
  input: NewGuest,
  output: Provisioned,
  resources: {
    ...GUEST_RESOURCES,
    template: 'template',
    ostemplate: 'ostemplate',
    name: 'name',
    storage: 'storage',
    pool: 'pool',
  },
  policyInputs: ['full', 'diskGib', 'tags', 'cores', 'memoryMib', 'start'],
  permissions: {
    pve: endpoint('pve', [
      ...GUEST_ROUTES,
      route('GET /nodes/{node}/qemu/{template}/status/current', nothing),
      route('GET /nodes/{node}/lxc/{template}/status/current', nothing),
      ...configRoutes(),
      ...configRoutes('template'),
      freeNumberRoute('vmid'),
      storageRoute(),
      ...taskRoutes('vmid'),
      // Without the list: tasks about the template are other people's, but for the one that copies it.
      ...taskRoutes('template').slice(1),
      route('POST /nodes/{node}/qemu/{template}/clone', cloneFields('vmid')),
      route('POST /nodes/{node}/lxc/{template}/clone', cloneFields('vmid')),
      route('POST /nodes/{node}/lxc', { body: CREATE_FIELDS, others: 'forbidden' }),
      route('PUT /nodes/{node}/qemu/{vmid}/config', { body: MACHINE_FIELDS, others: 'forbidden' }),
      route('PUT /nodes/{node}/lxc/{vmid}/config', { body: CONTAINER_FIELDS, others: 'forbidden' }),
      route('POST /nodes/{node}/qemu/{vmid}/status/start', { body: {}, others: 'forbidden' }),
      route('POST /nodes/{node}/lxc/{vmid}/status/start', { body: {}, others: 'forbidden' }),
    ]),
  },
  limits: { perMinute: 12, timeoutMs: 14_400_000 },
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const source = await sourceOf(pve, input)
    const fault = wishFault(input, source.kind)
    if (fault !== undefined)
      throw pveFailed('ERR_PVE_PARAMETER', fault, { details: { effect: 'none' } })
    await expectFree(pve, input.vmid)
    if (input.storage !== undefined) {
      const content = source.kind === 'qemu' ? 'images' : 'rootdir'
      await usableStorage(pve, { node: input.node, storage: input.storage }, content)
    }
    return planOf(linesOf(input, source), { source })
  },
  async run(context) {
    const { input, use, plan } = context
    const made = { pve: pveOf(use.pve), wish: input, kind: plan.state.source.kind }
    return provisionedOf(made, await provision(context, made))
  },
  async resume(context) {
    const { input, use, plan } = context
    const made = { pve: pveOf(use.pve), wish: input, kind: plan.state.source.kind }
    return provisionedOf(made, await resumeProvision(context, made))
  },
  async verify({ input, use, output }) {
    const pve = pveOf(use.pve)
    const guest = await findGuestIfAny(pve, input)
    if (guest === undefined) {
      return {
        verdict: 'contradicted',
        message: `there is no guest ${input.vmid} on ${input.node}`,
      }
    }
    const { name } = identityIn(guest.kind, await configOf(pve, guest))
    const isWhole = name === input.name && guest.lock === undefined
    const isAsWanted = isWhole && guest.kind === output.kind && runs(guest.status) === input.start
    const message = `guest ${input.vmid} is "${name ?? ''}", ${guest.status}`
    return { verdict: isAsWanted ? 'verified' : 'contradicted', message }
  },
})

function linesOf(input: NewGuest, { kind, name }: Source): PlannedChange[] {
  const { vmid, node, template, ostemplate, full, storage, cores, memoryMib, network } = input
  const from =
    template === undefined
      ? `unpacked from ${ostemplate ?? ''}`
      : `a copy of template ${template}${name === null ? '' : ` "${name}"`}, ${full ? 'standing alone' : 'linked to it'}`
  const told = { cores, memory: memoryMib && sizeText(memoryMib * 1_048_576), pool: input.pool }
  const card = Object.entries(network).map(([key, value]) => `${key} ${value}`)
  return [
    line('add', `${guestText({ vmid, name: input.name, kind })} on ${node}, ${from}`),
    ...(storage === undefined ? [] : [line('add', `its disks on ${storage}`)]),
    ...Object.entries(told).flatMap(([what, value]) =>
      value === undefined ? [] : [line('note', `${what} ${value}`)],
    ),
    ...(card.length === 0 ? [] : [line('note', `network: ${card.join(', ')}`)]),
    ...(input.start ? [line('change', 'it is started')] : []),
  ]
}

function runs(status: string): boolean {
  return status === 'running'
}

interface Source {
  readonly kind: GuestKind
  readonly template: number | null
  readonly ostemplate: string | null
  readonly name: string | null
}

async function sourceOf(pve: Pve, wish: NewGuest): Promise<Source> {
  const { node, template, ostemplate = null } = wish
  if (template === undefined) return { kind: 'lxc', template: null, ostemplate, name: null }
  const guest = await findGuest(pve, { node, vmid: template })
  expectState(
    guest.isTemplate,
    `guest ${template} is no template; make it one, or copy it with proxmox/guest.clone`,
  )
  expectUnlocked(guest)
  if (guest.kind === 'qemu' && needsCloudInit(wish)) {
    expectState(
      hasCloudInit(await configOf(pve, guest)),
      `template ${template} has no cloud-init drive: it takes no address, key or name from outside`,
    )
  }
  return { kind: guest.kind, template, ostemplate, name: guest.name ?? null }
}

function needsCloudInit({ network, sshKeys, ciUser, nameserver }: NewGuest): boolean {
  const told = [network.address, network.address6, sshKeys, ciUser, nameserver]
  return told.some((value) => value !== undefined)
}

async function provisionedOf(
  { pve, wish, kind }: { readonly pve: Pve; readonly wish: NewGuest; readonly kind: GuestKind },
  notes: string[],
): Promise<Provisioned> {
  const { vmid, node } = wish
  const guest = await findGuest(pve, wish)
  const config = await configOf(pve, { node, vmid, kind })
  const { name, macs } = identityIn(kind, config)
  const address = addressIn(kind, config)
  const steps = stepsOf(wish)
  return {
    changed: true,
    vmid,
    node,
    kind,
    name,
    status: guest.status,
    macs,
    address,
    steps,
    notes,
  }
}

function addressIn(kind: GuestKind, config: Readonly<Record<string, unknown>>): string | null {
  const text = textOf(config[kind === 'qemu' ? 'ipconfig0' : 'net0']) ?? ''
  return /(?:^|,)ip6?=([^,]+)/.exec(text)?.[1] ?? null
}
