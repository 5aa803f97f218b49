// SPDX-License-Identifier: Apache-2.0
/** What kind of request a route takes, for the limits of each kind. */
import { routes, type Route } from '@sallyport/core/transport'
import type { HubLimits, KnobName } from '../limits.ts'
import type { Principal } from '../sessions/principals.ts'

/** Kinds of requests: `enrolment` is all that is tried with a code, `unknown` what no route takes. */
export type RouteClass = 'health' | 'session' | 'enrolment' | 'poll' | 'read' | 'write' | 'unknown'

/** The part of a route that says its kind. */
export type ClassedRoute = Pick<Route<unknown, unknown>, 'method' | 'path' | 'auth' | 'waits'>

const HEALTH_PATHS: readonly string[] = [routes.health.path, routes.ready.path]
const SESSION_PATHS: readonly string[] = [routes.askChallenge.path, routes.openSession.path]

/** The kind of a route. */
export function classOf(route: ClassedRoute | undefined): RouteClass {
  if (route === undefined) return 'unknown'
  if (SESSION_PATHS.includes(route.path)) return 'session'
  if (HEALTH_PATHS.includes(route.path)) return 'health'
  if (route.auth === 'none') return 'enrolment'
  if (route.waits) return 'poll'
  return route.method === 'GET' ? 'read' : 'write'
}

const AGENT_KNOBS = {
  poll: 'pollsPerAgent',
  read: 'readsPerAgent',
  write: 'writesPerAgent',
} as const
const PERSON_KNOBS = {
  poll: 'pollsPerPerson',
  read: 'readsPerPerson',
  write: 'writesPerPerson',
} as const

/** How many requests of this kind whoever is known may make in a minute. */
export function limitOf(
  limits: HubLimits,
  { role }: Principal,
  kind: 'poll' | 'read' | 'write',
): number {
  const knob: KnobName = role === 'agent' ? AGENT_KNOBS[kind] : PERSON_KNOBS[kind]
  return limits[knob]
}
