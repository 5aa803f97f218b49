// SPDX-License-Identifier: Apache-2.0
/** Bindings as anybody may see them: kinds, addresses, fingerprints and names, never a value that opens anything. */
import { createHash } from 'node:crypto'
import { instantOf } from '@sallyport/core/protocol'
import { pinText, type Binding } from '@sallyport/core/plugins'
import type { BindingLockRow } from '@sallyport/core/runner'
import { lockIn } from './binding-locks.ts'
import type { Bindings } from './bindings-form.ts'
import { tokenWarnings } from './token-warnings.ts'

/** One binding without its secrets. */
export interface BindingSummary {
  readonly plugin: string
  readonly name: string
  readonly kind: Binding['kind']
  /** Address or path; null for a bare secret. */
  readonly address: string | null
  /** How the other side is known, in words. */
  readonly pin: string | null
  /** Whom it logs in as. */
  readonly user: string | null
  /** Names of the headers that carry the credential. */
  readonly headers: readonly string[]
  /** What was accepted about it and is still worth a thought. */
  readonly warnings: readonly string[]
  /** Why it is locked; null when it is not. */
  readonly lock: { readonly pinned: string; readonly seen: string; readonly since: string } | null
}

/** All bindings, by plugin and name. */
export function summariesOf(
  bindings: Bindings,
  locks: readonly BindingLockRow[] = [],
): BindingSummary[] {
  return Object.keys(bindings)
    .sort()
    .flatMap((plugin) =>
      Object.keys(bindings[plugin]!)
        .sort()
        .map((name) => {
          const row = locks.find((each) => each.pluginName === plugin && each.name === name)
          return summaryOf(plugin, name, bindings[plugin]![name]!, row)
        }),
    )
}

/** One binding; `row` is the lock on its name, whichever binding it holds for. */
export function summaryOf(
  plugin: string,
  name: string,
  binding: Binding,
  row?: BindingLockRow,
): BindingSummary {
  const none = { address: null, pin: null, user: null, headers: [] }
  const found = lockIn(row, binding)
  const lock = found && {
    pinned: found.pinned,
    seen: found.seen,
    since: instantOf(found.sinceMs),
  }
  const rest = { ...shownOf(binding), warnings: tokenWarnings(binding), lock: lock ?? null }
  return { plugin, name, kind: binding.kind, ...none, ...rest }
}

function shownOf(binding: Binding): Partial<BindingSummary> {
  switch (binding.kind) {
    case 'endpoint': {
      const { url, socketPath, pin, headers } = binding
      const address = socketPath === undefined ? url : `unix:${socketPath}${basePath(url)}`
      return { address, pin: pinWords(pin), headers: Object.keys(headers).sort() }
    }
    case 'connect': {
      const { address } = binding
      const isUnix = 'socketPath' in address
      return { address: isUnix ? `unix:${address.socketPath}` : `tcp://${hostPort(address)}` }
    }
    case 'ssh': {
      const { user, hostKeys } = binding
      return { address: hostPort(binding), user, pin: hostKeys.map(sshFingerprint).join(', ') }
    }
    case 'folder':
      return { address: binding.path }
    case 'secret':
      return {}
  }
}

function pinWords(pin: Extract<Binding, { kind: 'endpoint' }>['pin']): string | null {
  if (pin.by === 'fingerprint') return `certificate ${pin.sha256}`
  if (pin.by === 'public') return 'public authorities'
  if (pin.by === 'none') return null
  return pinText(pin)
}

/** Source: as `ssh-keygen -l` prints it. */
function sshFingerprint(hostKey: string): string {
  const hash = createHash('sha256').update(Buffer.from(hostKey, 'base64')).digest('base64')
  return `SHA256:${hash.replace(/=+$/, '')}`
}

function hostPort({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

function basePath(url: string): string {
  const { pathname } = new URL(url)
  return pathname === '/' ? '' : pathname
}
