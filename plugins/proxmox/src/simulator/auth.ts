// SPDX-License-Identifier: GPL-3.0-or-later
/** Who sent a request: tickets with their CSRF token, and API tokens. */
import type { SimRequest } from './contract.ts'
import { fromPercent } from './decode.ts'
import { findToken, ownerOf } from './permissions.ts'
import { seal } from './seal.ts'
import type { World } from './world.ts'

/** Who sent a request, and by what. */
export interface Identity {
  /** `root@pam` or `sallyport@pve!pve1`; empty for an operation that asks nobody who they are. */
  readonly user: string
  readonly isToken: boolean
}

/** Nobody is who they say: status 401 with this text and an empty body, later. */
export class NotAuthenticated extends Error {}

const TICKET_MS = 2 * 60 * 60 * 1000
/** How far a ticket may lie in the future, for nodes whose clocks differ. */
const EARLY_MS = 5 * 60 * 1000

const WITHOUT_LOGIN = new Set([
  'GET /access/domains',
  'GET /access/ticket',
  'POST /access/ticket',
  'POST /access/vncticket',
  'POST /access/openid/login',
  'POST /access/openid/auth-url',
])

/**
 * Finds out who sent a request.
 *
 * Throws: NotAuthenticated.
 */
export function identify(world: World, request: SimRequest, path: string): Identity {
  if (WITHOUT_LOGIN.has(`${request.method} ${path}`)) return { user: '', isToken: false }
  const ticket = ticketOf(request.headers)
  if (ticket !== undefined) return identifyByTicket(world, request, ticket)
  const token = valueIn(request.headers['authorization'], 'PVEAPIToken')
  if (token === undefined) throw new NotAuthenticated('No ticket')
  return { user: userOfToken(world, token), isToken: true }
}

/** A ticket for a user and the CSRF token that goes with it. */
export function issueTicket(world: World, user: string): { ticket: string; csrf: string } {
  const at = hexSeconds(world.now())
  const head = `PVE:${user}:${at}`
  return { ticket: `${head}::${seal(world, head)}`, csrf: csrfOf(world, user, at) }
}

/** The user of a ticket that is ours and not too old; undefined otherwise. */
export function userOfTicket(world: World, ticket: string): string | undefined {
  const [, head, user, at, sealed] = /^(PVE:([^:\s]+):([0-9A-F]{8}))::(.+)$/.exec(ticket) ?? []
  if (sealed === undefined || seal(world, head!) !== sealed) return undefined
  const ageMs = world.now() - Number.parseInt(at!, 16) * 1000
  return ageMs > TICKET_MS || ageMs < -EARLY_MS ? undefined : user
}

/** Whether a user exists and may log in. */
export function isEnabled(world: World, user: string): boolean {
  const found = world.access.users.get(user)
  if (found?.isEnabled !== true) return false
  return (found.expiresAtMs ?? 0) === 0 || found.expiresAtMs! > world.now()
}

function identifyByTicket(world: World, { method, headers }: SimRequest, ticket: string): Identity {
  const user = userOfTicket(world, ticket)
  if (user === undefined) throw refused(world, 'permission denied - invalid PVE ticket')
  if (!isEnabled(world, user)) throw refused(world, `user '${user}' is disabled`)
  if (method !== 'GET' && !isCsrfToken(world, user, headers['csrfpreventiontoken'] ?? '')) {
    throw new NotAuthenticated('Permission denied - invalid csrf token')
  }
  return { user, isToken: false }
}

function userOfToken(world: World, text: string): string {
  const [who = '', secret = ''] = text.split('=')
  const owner = ownerOf(who)
  const token = findToken(world, who)
  if (!isEnabled(world, owner)) throw refused(world, `user '${owner}' is disabled`)
  if (token === undefined) {
    throw refused(world, `no such token '${who.split('!')[1] ?? ''}' for user '${owner}'`)
  }
  if (token.expiresAtMs > 0 && token.expiresAtMs < world.now()) {
    throw refused(world, `token '${token.id}' access expired`)
  }
  if (token.secret !== secret) throw refused(world, 'invalid token value!')
  return who
}

/** Since pve-manager 9.1.5 nobody learns from outside why a login failed. */
function refused(world: World, why: string): NotAuthenticated {
  return new NotAuthenticated(world.version === '8.4' ? why : 'Authentication failed!')
}

function ticketOf(headers: SimRequest['headers']): string | undefined {
  return (
    valueIn(headers['cookie'], 'PVEAuthCookie') ??
    valueIn(headers['authorization'], 'PVEAuthCookie')
  )
}

/** What follows a name and `=` or a space, to the next `;`. */
function valueIn(header: string | undefined, name: string): string | undefined {
  const found = new RegExp(`(?:^|[\\s;])${name}[= ]([^;]*)`).exec(header ?? '')?.[1]
  return found === undefined ? undefined : fromPercent(found)
}

function csrfOf(world: World, user: string, at: string): string {
  return `${at}:${seal(world, `CSRF:${user}:${at}`)}`
}

function isCsrfToken(world: World, user: string, text: string): boolean {
  const at = /^([0-9A-F]{8}):/.exec(text)?.[1]
  if (at === undefined || csrfOf(world, user, at) !== text) return false
  const ageMs = world.now() - Number.parseInt(at, 16) * 1000
  return ageMs <= TICKET_MS && ageMs >= -EARLY_MS
}

function hexSeconds(ms: number): string {
  return Math.floor(ms / 1000)
    .toString(16)
    .toUpperCase()
    .padStart(8, '0')
}
