// SPDX-License-Identifier: Apache-2.0
/** Bindings: what the names in a plugin's permissions stand for on one host. They never leave the agent's vault. */
import type { Secret } from '@sallyport/sdk'

/**
 * How the service at the other end is known to be the right one.
 *
 * `ca`: a chain to this certificate. `fingerprint`: exactly this leaf certificate, SHA-256 as 64 hexadecimal digits.
 * `public`: a chain to the authorities that Node brings along. `none`: no TLS; loopback and Unix sockets only.
 */
export type ServicePin =
  | { readonly by: 'ca'; readonly pem: string }
  | { readonly by: 'fingerprint'; readonly sha256: string }
  | { readonly by: 'public' }
  | { readonly by: 'none' }

/** One HTTP service. The headers carry the credential and are added outside the sandbox. */
export interface EndpointBinding {
  readonly kind: 'endpoint'
  /** `https://host:port/base`, or `http://…` on loopback; with `socketPath` only host and base path count. */
  readonly url: string
  /** Absolute path of the Unix socket to talk to instead of TCP. */
  readonly socketPath?: string
  readonly pin: ServicePin
  readonly headers: Readonly<Record<string, Secret>>
  /** When the name was bound, by the clock of the host. Units: RFC 3339. */
  readonly boundAt?: string
  /** When the signed pin that stands was issued, by the clock of its operator. Units: RFC 3339. */
  readonly pinIssuedAt?: string
  /** What is known of the Proxmox API token in the headers. */
  readonly token?: TokenTraits
  /** Locks the binding, durably. Set by a store that can; no part of what lies in the vault. */
  readonly onDistrust?: (peer: DistrustedPeer) => void
}

/** What is known of a Proxmox API token, because somebody said so or its name does. */
export interface TokenTraits {
  /** It is one of root@pam, and was accepted as such. */
  readonly isOfRoot: boolean
  /** Whether it has rights of its own, apart from those of its account. */
  readonly separated: boolean | 'unknown'
}

/** A peer that is not the pinned one. Shape: SHA-256 as 64 hexadecimal digits, of an authority with `CA ` before it. */
export interface DistrustedPeer {
  readonly pinned: string
  readonly seen: string
}

/** Why a name is locked. Units: epoch milliseconds. */
export interface BindingLock extends DistrustedPeer {
  readonly sinceMs: number
}

/** A TCP or Unix address. */
export type SocketAddress =
  | { readonly host: string; readonly port: number }
  | { readonly socketPath: string }

/** One address to connect to. */
export interface ConnectBinding {
  readonly kind: 'connect'
  readonly address: SocketAddress
}

/** One account on one SSH host. */
export interface SshBinding {
  readonly kind: 'ssh'
  readonly host: string
  readonly port: number
  readonly user: string
  /** Host keys in SSH wire format, base64; the host must prove one of them. */
  readonly hostKeys: readonly string[]
  /** Private key as PEM, PKCS #8. */
  readonly privateKey: Secret
}

/** One secret value. */
export interface SecretBinding {
  readonly kind: 'secret'
  readonly value: Secret
}

/** One folder of the host, absolute and resolved. */
export interface FolderBinding {
  readonly kind: 'folder'
  readonly path: string
}

/** What one name stands for. */
export type Binding = EndpointBinding | ConnectBinding | SshBinding | SecretBinding | FolderBinding

/** The binding of one kind. */
export type BindingOf<K extends Binding['kind']> = Extract<Binding, { kind: K }>

/** The vault's bindings, for reading. */
export interface BindingStore {
  /** What a name stands for, or undefined. Throws: ERR_BINDINGS_FILE when the vault cannot be read. */
  find(pluginName: string, name: string): Binding | undefined
  /** The lock on a name, if the store keeps locks and there is one. Throws: as `find`, and ERR_STORE_…. */
  lockOn?(pluginName: string, name: string): BindingLock | undefined
}
