// SPDX-License-Identifier: Apache-2.0
/** Which calls of a handle only look, for the broker and for the fakes alike: all that is possible outside of `run`. */
import { CodedError } from './errors.ts'
import type { Step } from './job-type.ts'
import type { PermissionKind } from './permission.ts'

/** HTTP methods that a service must not take as a wish to change something. Source: RFC 9110, section 9.2.1. */
const LOOKING_METHODS: readonly unknown[] = ['GET', 'HEAD']

/**
 * Whether a call looks, by kind of permission.
 *
 * Why nothing of `exec`, `connect` and `ssh`: what goes over a connection or into a program is not understood here.
 * Why nothing of `ask`: another job has a `run` of its own.
 */
const LOOKS: {
  readonly [K in PermissionKind]: (method: string, args: readonly unknown[]) => boolean
} = {
  ask: () => false,
  connect: () => false,
  endpoint: (method, [first]) =>
    method === 'request' || method === 'open' ? isLookingRequest(first) : true,
  exec: () => false,
  'files.read': () => true,
  'files.write': () => false,
  secret: () => true,
  ssh: () => false,
  state: (method) => method === 'get' || method === 'keys',
}

/**
 * Refuses a call that may change something in a step that only looks: every one but `run`.
 *
 * Trust: `method` and `args` may be made up by a hostile plugin; what is not known to look is refused.
 * Throws: ERR_HANDLE_DENIED.
 *
 * @example
 * expectLook('plan', 'pve', { kind: 'endpoint', method: 'request', args: [{ method: 'GET', path: '/version' }] })
 */
export function expectLook(
  step: Step,
  handle: string,
  call: {
    readonly kind: PermissionKind
    readonly method: string
    readonly args: readonly unknown[]
  },
): void {
  const { kind, method, args } = call
  if (step === 'run' || LOOKS[kind](method, args)) return
  const what =
    kind === 'endpoint'
      ? `${methodOf(args[0])} is neither GET nor HEAD`
      : `${kind} may change something`
  throw new CodedError(
    'ERR_HANDLE_DENIED',
    `${handle}.${method}: ${step} only looks, and ${what}; do it in run, which gets the plan`,
  )
}

function isLookingRequest(request: unknown): boolean {
  return LOOKING_METHODS.includes(methodIn(request))
}

function methodOf(request: unknown): string {
  const method = methodIn(request)
  return typeof method === 'string' ? method.slice(0, 16) : 'a request without a method'
}

function methodIn(request: unknown): unknown {
  const isObject = typeof request === 'object' && request !== null
  return isObject && 'method' in request ? request.method : undefined
}
