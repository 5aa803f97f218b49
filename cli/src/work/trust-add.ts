// SPDX-License-Identifier: Apache-2.0
/** Gives somebody's keys a role at the site. */
import { Concern } from '@sallyport/core/protocol'
import type { RootKey } from '@sallyport/core/protocol'
import type { Operator } from '../operator/operator.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import type { RootHand } from '../trust/root-hand.ts'
import { changeRoot } from '../trust/change-root.ts'
import type { RootManner } from '../trust/root-hand.ts'
import { readIdentityLine } from '../trust/identity-line.ts'
import type { IdentityLine } from '../trust/identity-line.ts'
import { reportChange } from '../trust/report-change.ts'
import { rootKeyFor } from '../trust/root-change.ts'
import type { RootRole } from '../trust/root-change.ts'

/** Whose keys, and for what. */
export interface AddRequest {
  readonly identity: string
  readonly roles: readonly RootRole[]
  readonly concerns: readonly string[]
  readonly days?: number | undefined
  readonly manner: RootManner
}

/** Adds them. */
export async function trustAdd(
  operator: Operator,
  talk: Talk,
  { request, hand }: { request: AddRequest; hand: RootHand },
): Promise<ExitCode> {
  const { roles, concerns, days, manner } = request
  expectConcerns(roles, concerns)
  const identity = await readIdentityLine(request.identity)
  const { root } = operator.site.root
  const life = { nowMs: operator.now(), ...(days === undefined ? {} : { days }) }
  const keys = roles
    .flatMap((role) => keysFor(identity, role, concerns))
    .map((key) => rootKeyFor(key, life))
  expectNew(root.keys, keys)
  const others = root.keys.filter(({ holder }) => holder === identity.name)
  const notes = [
    `Compare each fingerprint with ${identity.name} over another channel: whoever holds these keys gets this role.`,
    ...(others.length === 0
      ? []
      : [`${identity.name} holds keys here already; keys of one holder count once.`]),
  ]
  const change = {
    parts: { keys: [...root.keys, ...keys] },
    notes,
    question: `Are these the keys of ${identity.name}?`,
  }
  return reportChange(talk, await changeRoot(operator, talk, { change, manner, hand }))
}

function keysFor(
  { name: holder, signingKey, sealingKey, rootKeys }: IdentityLine,
  role: RootRole,
  concerns: readonly string[],
): Omit<RootKey, 'notAfter'>[] {
  const key = { holder, role, signingKey, sealingKey: null, concerns: [] }
  switch (role) {
    case 'root':
      if (rootKeys.length === 0) throw lacks(holder, 'a root key')
      return rootKeys.map((each) => ({ ...key, ...each }))
    case 'operator':
    case 'customer':
      if (sealingKey === null) throw lacks(holder, 'a key to read with')
      return [{ ...key, sealingKey, concerns: role === 'customer' ? [...concerns] : [] }]
    default:
      return [key]
  }
}

function expectConcerns(roles: readonly RootRole[], concerns: readonly string[]): void {
  const isCustomer = roles.includes('customer')
  const wrong = concerns.find((concern) => !Concern.safeParse(concern).success)
  if (wrong !== undefined) throw usage(`${JSON.stringify(wrong)} is not a concern`)
  if (isCustomer && concerns.length === 0) throw usage('a customer needs --concerns')
  if (!isCustomer && concerns.length > 0) throw usage('--concerns is for --role customer')
}

function expectNew(held: readonly RootKey[], added: readonly RootKey[]): void {
  const known = held.find((key) => added.some(({ signingKey }) => signingKey === key.signingKey))
  if (known === undefined) return
  throw new Problem(
    'ERR_ROOT_CHANGE',
    `this key stands in the root: ${known.role} ${known.holder}`,
    {
      exit: EXIT.refused,
      unharmed: 'Nothing was signed or sent.',
      remedy: 'A key has one role. Remove it first, or make other keys for the other role:',
      commands: ['sallyport trust show'],
    },
  )
}

function lacks(holder: string, what: string): Problem {
  return new Problem('ERR_IDENTITY_LINE', `the identity of ${holder} has not ${what}`, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Let them make one, and send you the line again:',
    commands: ['sallyport init --join <site file> --name <name> --root'],
  })
}

function usage(message: string): Problem {
  return new Problem('ERR_USAGE', message, {
    exit: EXIT.usage,
    unharmed: 'Nothing was signed or sent.',
    remedy: 'Say what concerns a customer: --concerns guest/101,agent/pve1.',
  })
}
