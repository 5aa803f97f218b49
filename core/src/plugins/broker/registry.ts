// SPDX-License-Identifier: Apache-2.0
/** All kinds of permission the broker serves. A new kind is one line here. */
import type { PermissionKind } from '@sallyport/sdk'
import type { BrokerKind } from './contract.ts'
import { exec } from './exec.ts'
import { filesRead } from './files-read.ts'
import { state } from './state.ts'

/** The kinds by name; the compiler misses none that the SDK knows. */
export const brokerKinds: { readonly [K in PermissionKind]: BrokerKind<K> } = {
  'files.read': filesRead,
  exec,
  state,
}

/** The kind of this name, its parameter forgotten; undefined when there is none. */
export function findKind(name: string): BrokerKind<PermissionKind> | undefined {
  const isKnown = Object.hasOwn(brokerKinds, name)
  return isKnown ? (brokerKinds as Record<string, BrokerKind<never>>)[name] : undefined
}

/** The kind whose handles have a method of this name. */
export function findKindWith(method: string): BrokerKind<PermissionKind> | undefined {
  const kinds = Object.values(brokerKinds as Record<string, BrokerKind<never>>)
  return kinds.find((kind) => kind.methods.includes(method))
}
