// SPDX-License-Identifier: Apache-2.0
/** From the name in a permission to the thing it stands for. */
import { CodedError, isCodedError, type JobManifest } from '@sallyport/sdk'
import { bindingsNamedBy } from '../../protocol/index.ts'
import type { Binding, BindingOf, BindingStore } from './binding.ts'

/** The binding of a name. Throws: ERR_NOT_BOUND when there is none of this kind. */
export function findBinding<K extends Binding['kind']>(
  store: BindingStore,
  pluginName: string,
  { name, kind }: { name: string; kind: K },
): BindingOf<K> {
  const found = store.find(pluginName, name)
  if (found?.kind === kind) return found as BindingOf<K>
  const why = found === undefined ? 'nothing is bound to it' : `it is bound as ${found.kind}`
  throw new CodedError('ERR_NOT_BOUND', `"${name}" of ${pluginName} is no ${kind}: ${why}`)
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
