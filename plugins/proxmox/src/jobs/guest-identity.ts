// SPDX-License-Identifier: GPL-3.0-or-later
/** The job that makes a copied or restored guest another one than the guest it came from. */
import { defineJob, endpoint } from '@sallyport/sdk'
import { z } from 'zod'
import { pveFailed } from '../errors.ts'
import {
  GUEST_RESOURCES,
  GUEST_ROUTES,
  GuestRef,
  expectNoTemplate,
  expectState,
  expectUnlocked,
  findGuest,
} from '../guest-ref.ts'
import type { GuestKind } from '../guest-ref.ts'
import {
  IDENTITY_ROUTES,
  configOf,
  hasCloudInit,
  identityIn,
  isAnother,
  newIdentity,
  writeConfig,
} from '../identity.ts'
import { orConfirm } from '../lost.ts'
import { GuestName } from '../names.ts'
import { changeLine, guestText, line, lines, planOf } from '../plan-lines.ts'
import { pveOf } from '../pve.ts'
import type { Pve } from '../pve.ts'

const Input = GuestRef.extend({
  name: GuestName.optional().describe('its new name and host name; the old one stays unless given'),
  whileRunning: z
    .boolean()
    .default(false)
    .describe(
      'do it also while it runs: its connections break, and some of it waits for a restart',
    ),
})

const IdentityShape = z.object({
  kind: z.enum(['qemu', 'lxc']),
  name: z.string().nullable(),
  macs: z.record(z.string(), z.string()).describe('by network card'),
  uuid: z.string().nullable().describe('the number of the machine; null for a container'),
})

const Reset = z.object({
  changed: z.literal(true),
  before: IdentityShape,
  now: IdentityShape,
  notes: z.array(z.string()),
})

/** Gives a guest new addresses, another machine number and, where given, another name. */
export const guestIdentityReset = defineJob({
  summary: 'Give a copied or restored guest new network addresses, another machine number and name',
  effect: 'change',
  input: Input,
  output: Reset,
  resources: { ...GUEST_RESOURCES, name: 'name' },
  permissions: { pve: endpoint('pve', [...GUEST_ROUTES, ...IDENTITY_ROUTES]) },
  limits: { perMinute: 12, timeoutMs: 120_000 },
  async plan({ input, use }) {
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    expectNoTemplate(guest, 'be given another identity')
    expectUnlocked(guest)
    const isRunning = guest.status !== 'stopped'
    expectState(
      !isRunning || input.whileRunning,
      `guest ${input.vmid} runs: stop it first, or give whileRunning=true`,
    )
    const config = await configOf(pve, guest)
    const from = identityIn(guest.kind, config)
    const notes = notesOf(guest.kind, hasCloudInit(config), isRunning)
    const isRenamed = input.name !== undefined && input.name !== from.name
    const changes = [
      line('change', `${guestText(guest)} becomes another one to others:`),
      ...(isRenamed ? [changeLine('its name', from.name, input.name ?? null)] : []),
      ...Object.entries(from.macs).map(([card, mac]) =>
        changeLine(`address of ${card}`, mac, 'chosen anew'),
      ),
      ...(guest.kind === 'qemu' ? [changeLine('machine number', from.uuid, 'chosen anew')] : []),
      ...lines('note', notes),
    ]
    return planOf(changes, { identity: from, status: guest.status, notes })
  },
  async run(context) {
    const { input, use, plan } = context
    const pve = pveOf(use.pve)
    const guest = { ...input, kind: plan.state.identity.kind }
    const config = await configOf(pve, guest)
    await context.keep({ before: identityIn(guest.kind, config) })
    const change = newIdentity(guest.kind, config, input.name)
    // What is looked at afterwards tells whether it happened, also when the answer is lost.
    await orConfirm(
      () => writeConfig(pve, guest, change),
      () => Promise.resolve(),
    )
    return resetOf(pve, guest, { before: plan.state.identity, notes: plan.state.notes })
  },
  async resume({ input, use, plan, kept }) {
    const { before } = z.object({ before: IdentityShape }).parse(kept)
    const guest = { ...input, kind: plan.state.identity.kind }
    return resetOf(pveOf(use.pve), guest, { before, notes: plan.state.notes })
  },
  async verify({ input, use, output }) {
    const guest = { ...input, kind: output.before.kind }
    const now = identityIn(guest.kind, await configOf(pveOf(use.pve), guest))
    const isNamed = input.name === undefined || now.name === input.name
    const message = `"${now.name ?? ''}" with ${Object.values(now.macs).join(', ') || 'no card'}`
    return {
      verdict: isAnother(output.before, now) && isNamed ? 'verified' : 'contradicted',
      message,
    }
  },
})

async function resetOf(
  pve: Pve,
  guest: GuestRef & { readonly kind: GuestKind; readonly name?: string | undefined },
  told: { readonly before: z.infer<typeof IdentityShape>; readonly notes: readonly string[] },
): Promise<z.infer<typeof Reset>> {
  const now = identityIn(guest.kind, await configOf(pve, guest))
  const isNamed = guest.name === undefined || now.name === guest.name
  if (!isAnother(told.before, now) || !isNamed) {
    throw pveFailed(
      'ERR_PVE_NOT_STARTED',
      `guest ${guest.vmid} still has the old identity, or a part of it: it can be done again`,
      { details: { vmid: guest.vmid, effect: 'unknown' }, retryable: true },
    )
  }
  return { changed: true, before: told.before, now, notes: [...told.notes] }
}

function notesOf(kind: GuestKind, isCloud: boolean, isRunning: boolean): string[] {
  const inside =
    kind === 'lxc'
      ? 'the machine-id inside the container stays: an empty /etc/machine-id is filled at its next start'
      : isCloud
        ? 'cloud-init sees another instance at the next start and makes host keys and host name anew'
        : 'the machine-id inside stays unless /etc/machine-id is empty; then the machine number gives it'
  return [inside, ...(isRunning ? ['what cannot change while it runs waits for a restart'] : [])]
}
