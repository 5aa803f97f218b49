// SPDX-License-Identifier: Apache-2.0
/** What an operator accepted about a Proxmox API token, in words that are shown again and again. */
import type { Binding } from '@sallyport/core/plugins'

/** The warnings of a binding; none for most. */
export function tokenWarnings(binding: Binding): string[] {
  const token = binding.kind === 'endpoint' ? binding.token : undefined
  return [
    ...(token?.isOfRoot === true ? ['its token is one of root@pam, which may do everything'] : []),
    ...(token?.separated === false
      ? ['its token has no rights of its own: it may do all that its account may']
      : []),
  ]
}
