// SPDX-License-Identifier: Apache-2.0
/** Bindings as anybody may see them: kinds, addresses, fingerprints and names, never a value that opens anything. */
import { createHash, X509Certificate } from 'node:crypto'
import type { Binding } from '@sallyport/core/plugins'
import type { Bindings } from './bindings-form.ts'

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
}

/** All bindings, by plugin and name. */
export function summariesOf(bindings: Bindings): BindingSummary[] {
  return Object.keys(bindings)
    .sort()
    .flatMap((plugin) =>
      Object.keys(bindings[plugin]!)
        .sort()
        .map((name) => summaryOf(plugin, name, bindings[plugin]![name]!)),
    )
}

/** One binding. */
export function summaryOf(plugin: string, name: string, binding: Binding): BindingSummary {
  const none = { address: null, pin: null, user: null, headers: [] }
  return { plugin, name, kind: binding.kind, ...none, ...shownOf(binding) }
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
  return `CA ${new X509Certificate(pin.pem).fingerprint256.replaceAll(':', '').toLowerCase()}`
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
