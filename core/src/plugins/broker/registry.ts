// SPDX-License-Identifier: Apache-2.0
/** All kinds of permission the broker serves. A new kind is one line here. */
import type { PermissionKind } from '@sallyport/sdk'
import type { BrokerKind } from './contract.ts'
import { ask } from './ask.ts'
import { connect } from './connect.ts'
import { endpoint } from './endpoint/endpoint.ts'
import { exec } from './exec.ts'
import { filesRead } from './files-read.ts'
import { filesWrite } from './files-write.ts'
import { secret } from './secret.ts'
import { ssh } from './ssh/ssh.ts'
import { state } from './state.ts'

/** The kinds by name; the compiler misses none that the SDK knows. */
export const brokerKinds: { readonly [K in PermissionKind]: BrokerKind<K> } = {
  ask,
  connect,
  endpoint,
  exec,
  'files.read': filesRead,
  'files.write': filesWrite,
  secret,
  ssh,
  state,
}

/** The kind of this name, its parameter forgotten; undefined when there is none. */
export function findKind(name: string): BrokerKind<PermissionKind> | undefined {
  const isKnown = Object.hasOwn(brokerKinds, name)
  return isKnown ? (brokerKinds as Record<string, BrokerKind<never>>)[name] : undefined
}

/** The permissions, as an author writes them, that would allow such a call. */
export function suggestionsFor(method: string, args: readonly unknown[]): string[] {
  const kinds = Object.values(brokerKinds as Record<string, BrokerKind<never>>)
  return kinds
    .filter((kind) => kind.methods.includes(method))
    .flatMap((kind) => kind.suggest(method, args) ?? [])
}
