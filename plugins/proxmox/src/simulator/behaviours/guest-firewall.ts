// SPDX-License-Identifier: GPL-3.0-or-later
/** The firewall of guests: its options and rules. */
import { type Behaviours, dies, PveError } from '../contract.ts'
import { digestOf } from '../guests/digest.ts'
import { forGuests, type GuestCall } from '../guests/guest.ts'
import { listOf, numberOf, textOf } from '../guests/params.ts'
import { needQuorum } from '../quorum.ts'
import type { SimGuest } from '../world.ts'

type Fields = Record<string, string | number>

interface Firewall {
  options: Fields
  rules: Fields[]
}

const NOT_A_FIELD = new Set(['node', 'vmid', 'digest', 'delete', 'pos', 'moveto'])

/** The firewalls of guests. Why: they lie in files of their own, not in the guest's configuration. */
const firewalls = new WeakMap<SimGuest, Firewall>()

/** The firewall of guests. */
export const guestFirewallBehaviours: Behaviours = forGuests({
  'GET /firewall': () =>
    ['rules', 'aliases', 'ipset', 'refs', 'options', 'log'].map((name) => ({ name })),
  'GET /firewall/options': ({ guest }) => ({
    ...firewallOf(guest).options,
    digest: digestOf(JSON.stringify(firewallOf(guest).options)),
  }),
  'PUT /firewall/options': changeOptions,
  'GET /firewall/rules': ({ guest }) =>
    firewallOf(guest).rules.map((_, pos) => ruleView(guest, pos)),
  'POST /firewall/rules': addRule,
  'GET /firewall/rules/{pos}': (at) => ruleView(at.guest, ruleAt(at)),
  'PUT /firewall/rules/{pos}': changeRule,
  'DELETE /firewall/rules/{pos}': dropRule,
  'GET /firewall/aliases': () => [],
  'GET /firewall/ipset': () => [],
  'GET /firewall/refs': () => [],
  'GET /firewall/log': () => [{ n: 1, t: 'no content' }],
})

function firewallOf(guest: SimGuest): Firewall {
  const known = firewalls.get(guest)
  if (known !== undefined) return known
  const fresh: Firewall = { options: {}, rules: [] }
  firewalls.set(guest, fresh)
  return fresh
}

function changeOptions(at: GuestCall): null {
  needQuorum(at.world)
  const firewall = firewallOf(at.guest)
  needDigest(at, firewall.options)
  firewall.options = changed(at, firewall.options)
  return null
}

function addRule(at: GuestCall): null {
  needQuorum(at.world)
  const { rules } = firewallOf(at.guest)
  needDigest(at, rules)
  rules.splice(numberOf(at.call, 'pos') ?? 0, 0, { enable: 0, ...changed(at, {}) })
  return null
}

function changeRule(at: GuestCall): null {
  needQuorum(at.world)
  const { rules } = firewallOf(at.guest)
  needDigest(at, rules)
  const pos = ruleAt(at)
  const rule = changed(at, rules[pos] ?? {})
  rules.splice(pos, 1)
  const to = numberOf(at.call, 'moveto') ?? pos
  rules.splice(to > pos ? to - 1 : to, 0, rule)
  return null
}

function dropRule(at: GuestCall): null {
  needQuorum(at.world)
  const { rules } = firewallOf(at.guest)
  needDigest(at, rules)
  rules.splice(ruleAt(at), 1)
  return null
}

function ruleAt(at: GuestCall): number {
  const pos = numberOf(at.call, 'pos') ?? 0
  if (firewallOf(at.guest).rules[pos] === undefined) throw dies(`no rule at position ${pos}`)
  return pos
}

function ruleView(guest: SimGuest, pos: number): Fields {
  const { rules } = firewallOf(guest)
  return { ...rules[pos], pos, digest: digestOf(JSON.stringify(rules)) }
}

function changed(at: GuestCall, before: Fields): Fields {
  const after = { ...before }
  for (const key of listOf(at.call, 'delete')) delete after[key]
  for (const [key, value] of Object.entries(at.call.params)) {
    if (NOT_A_FIELD.has(key)) continue
    after[key] =
      typeof value === 'boolean'
        ? value
          ? 1
          : 0
        : typeof value === 'number'
          ? value
          : String(value)
  }
  return after
}

function needDigest(at: GuestCall, held: unknown): void {
  const seen = textOf(at.call, 'digest')
  if (seen === undefined || seen === digestOf(JSON.stringify(held))) return
  throw new PveError(
    500,
    'detected modified configuration - file changed by other user? Try again.',
  )
}
