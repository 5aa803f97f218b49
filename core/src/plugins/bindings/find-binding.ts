// SPDX-License-Identifier: Apache-2.0
/** From the name in a permission to the thing it stands for. */
import { CodedError, isCodedError, type JobManifest } from '@sallyport/sdk'
import { bindingsNamedBy, instantOf } from '../../protocol/index.ts'
import type { Refusal } from '../../protocol/refusal.ts'
import type { Binding, BindingOf, BindingStore } from './binding.ts'

/**
 * The binding of a name.
 *
 * Throws: ERR_NOT_BOUND when there is none of this kind, ERR_ENDPOINT_UNTRUSTED when it is locked.
 */
export function findBinding<K extends Binding['kind']>(
  store: BindingStore,
  pluginName: string,
  { name, kind }: { name: string; kind: K },
): BindingOf<K> {
  const found = store.find(pluginName, name)
  if (found?.kind === kind) {
    if (store.lockOn?.(pluginName, name) === undefined) return found as BindingOf<K>
    const why = 'it showed another certificate, and is locked until it is pinned anew'
    throw new CodedError('ERR_ENDPOINT_UNTRUSTED', `"${name}" is not trusted: ${why}`)
  }
  const why = found === undefined ? 'nothing is bound to it' : `it is bound as ${found.kind}`
  throw new CodedError('ERR_NOT_BOUND', `"${name}" of ${pluginName} is no ${kind}: ${why}`)
}

/**
 * Why a job type cannot run with the bindings of this host; undefined when it can.
 *
 * Trust: locks that cannot be read count as locks.
 */
export function bindingRefusal(
  pluginName: string,
  job: Pick<JobManifest, 'permissions'>,
  store: BindingStore,
): Refusal | undefined {
  const unbound = unboundNames(pluginName, job, store)
  if (unbound.length > 0) return { reason: 'not_bound', details: { unbound } }
  try {
    return lockRefusal(pluginName, job, store)
  } catch (error) {
    const code = isCodedError(error) ? error.code : 'unknown'
    return { reason: 'store_unavailable', details: { code } }
  }
}

function lockRefusal(
  pluginName: string,
  job: Pick<JobManifest, 'permissions'>,
  store: BindingStore,
): Refusal | undefined {
  for (const { name } of Object.values(job.permissions).flatMap(bindingsNamedBy)) {
    const lock = store.lockOn?.(pluginName, name)
    if (lock === undefined) continue
    const { pinned, seen, sinceMs } = lock
    const remedy = `sallyport agent pin --agent <name> --plugin ${pluginName} --binding ${name} --fingerprint <sha256>`
    const details = { plugin: pluginName, name, pinned, seen, since: instantOf(sinceMs) }
    return { reason: 'binding_locked', details: { ...details, remedy } }
  }
  return undefined
}

/**
 * Names that a job type's permissions use and nobody has bound as what they need, as `kind name`.
 *
 * Why bindings that cannot be read are none: the job is refused and says so, and everything else goes on.
 */
export function unboundNames(
  pluginName: string,
  job: Pick<JobManifest, 'permissions'>,
  store: BindingStore,
): string[] {
  const missing = Object.values(job.permissions)
    .flatMap(bindingsNamedBy)
    .flatMap(({ name, kind }) => {
      const fault = faultOf(() => store.find(pluginName, name)?.kind === kind)
      return fault === undefined ? [] : [`${kind} ${name}${fault}`]
    })
  return [...new Set(missing)].sort()
}

function faultOf(isBound: () => boolean): string | undefined {
  try {
    return isBound() ? undefined : ''
  } catch (error) {
    return isCodedError(error) ? ` (${error.code})` : ' (unreadable)'
  }
}
