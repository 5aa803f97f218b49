// SPDX-License-Identifier: GPL-3.0-or-later
/** Changes settings of a guest, for the jobs that do so. */
import type { Endpoint, Plan } from '@sallyport/sdk'
import { changeOnce, expectDone } from './change-once.ts'
import { seenOf, unchanged, verdictOf } from './guest-change.ts'
import type { Changed, SeenGuest } from './guest-change.ts'
import { configOf, pendingOf } from './guest-config.ts'
import { expectUnlocked, findGuest, lxcOf, qemuOf } from './guest-ref.ts'
import type { Guest, GuestRef } from './guest-ref.ts'
import { differenceOf } from './guest-settings.ts'
import type { SettingChange, Settings } from './guest-settings.ts'
import { changeLine, guestText, line, planOf } from './plan-lines.ts'
import { pveOf } from './pve.ts'
import type { Pve } from './pve.ts'
import { textOf } from './values.ts'

/** What the steps of such a job have in common. */
export interface SettingsContext {
  readonly input: GuestRef & Settings
  readonly use: { readonly pve: Endpoint }
  readonly signal: AbortSignal
}

/** The state that a plan of changing settings saw. */
export interface SettingsState {
  readonly guest: SeenGuest
  readonly settings: readonly SettingChange[]
}

/** Throws when a guest is not to be changed by this job. */
export type GuestCheck = (guest: Guest) => void

/** What would change. */
export async function planSettings(
  { input, use }: SettingsContext,
  check: GuestCheck,
): Promise<Plan<SettingsState>> {
  const pve = pveOf(use.pve)
  const guest = await findGuest(pve, input)
  check(guest)
  const { changes } = differenceOf(guest, await configOf(pve, guest), input)
  if (changes.length > 0) expectUnlocked(guest)
  return settingsPlan(guest, changes)
}

/** The plan of these changes to a guest; none when it is so already. */
export function settingsPlan(
  guest: Guest,
  settings: readonly SettingChange[],
): Plan<SettingsState> {
  const said = settings.map(({ setting, from, to }) =>
    changeLine(`${setting} of ${guestText(guest)}`, from, to),
  )
  const same = line('note', `${guestText(guest)} is so already`)
  return planOf(said.length === 0 ? [same] : said, { guest: seenOf(guest), settings })
}

/** Makes it so, in one request, unless it is so already. */
export async function runSettings(
  context: SettingsContext & { keep(value: unknown): Promise<void> },
  check: GuestCheck,
): Promise<Changed> {
  const { input, use, signal } = context
  const pve = pveOf(use.pve)
  const guest = await findGuest(pve, input)
  check(guest)
  const config = await configOf(pve, guest)
  const { changes, body } = differenceOf(guest, config, input)
  if (changes.length === 0) return unchanged('it was so already')
  expectUnlocked(guest)
  await context.keep({ changes })
  const digest = textOf(config['digest'])
  const fields = { ...body, ...(digest !== undefined && { digest }) }
  const change = {
    what: whatOf(guest),
    make: () => put(pve, guest, fields),
    isDone: () => isDone(pve, guest, input),
  }
  const notes = await changeOnce(change, signal)
  return { changed: true, notes: [...notes, ...(await waiting(pve, guest))] }
}

/** Finds out whether a change was made that was not seen to its end. */
export async function resumeSettings({ input, use, signal }: SettingsContext): Promise<Changed> {
  const pve = pveOf(use.pve)
  const guest = await findGuest(pve, input)
  await expectDone({ what: whatOf(guest), isDone: () => isDone(pve, guest, input) }, signal)
  return { changed: true, notes: await waiting(pve, guest) }
}

/** Looks again. */
export function verifySettings({ input, use }: SettingsContext): ReturnType<typeof verdictOf> {
  return verdictOf(async () => {
    const pve = pveOf(use.pve)
    const guest = await findGuest(pve, input)
    const { changes } = differenceOf(guest, await configOf(pve, guest), input)
    const [first] = changes
    if (first === undefined) return { verdict: 'verified', message: 'the configuration says so' }
    const message = `${first.setting} is ${first.from}, not ${first.to}`
    return { verdict: 'contradicted', message }
  })
}

async function isDone(pve: Pve, guest: Guest, wanted: Settings): Promise<boolean> {
  return differenceOf(guest, await configOf(pve, guest), wanted).changes.length === 0
}

function put(
  pve: Pve,
  guest: Guest,
  fields: Readonly<Record<string, string | number | boolean>>,
): Promise<unknown> {
  const { config } = guest.kind === 'qemu' ? qemuOf(pve, guest) : lxcOf(pve, guest)
  return (config.$put as (params: typeof fields) => Promise<unknown>)(fields)
}

function whatOf({ vmid }: Guest): string {
  return `the configuration of guest ${vmid}`
}

async function waiting(pve: Pve, guest: Guest): Promise<string[]> {
  if (guest.status === 'stopped') return []
  const names = await pendingOf(pve, guest)
  return names.length === 0 ? [] : [`waits for a restart of the guest: ${names.join(', ')}`]
}
