// SPDX-License-Identifier: Apache-2.0
/** An account on an SSH host, in memory. */
import { CodedError } from '../errors.ts'
import type { SshAccess } from '../handles.ts'
import { makeFake } from './fake.ts'
import type { Fake } from './fake.ts'
import { openTo } from './fake-connect.ts'
import type { FakeService } from './fake-connect.ts'

/** The account; what is not given is there all the same. */
export interface FakeAccount {
  readonly user?: string
  /** In SSH wire format. */
  readonly publicKey?: Uint8Array
  /** What the host does with a connection. Unless given, it closes it. */
  readonly host?: FakeService
  /** The signature over a request to log in. Unless given, every request is denied. */
  readonly sign?: (data: Uint8Array, algorithm: string) => Uint8Array
}

/** The start of a key of kind `ssh-ed25519`, then 32 zeros. */
const PUBLIC_KEY = Uint8Array.of(
  ...[0, 0, 0, 11, ...new TextEncoder().encode('ssh-ed25519'), 0, 0, 0, 32],
  ...new Uint8Array(32),
)

/**
 * An `ssh` handle. To test what a plugin does with a host's answers, give its code a fake client; this is the handle
 * below one.
 *
 * @example
 * fakeSsh({ user: 'backup', host: { code: 'ERR_CONNECT_FAILED' } })
 */
export function fakeSsh(account: FakeAccount = {}): Fake<'ssh'> {
  const { user = 'operator', publicKey = PUBLIC_KEY, sign } = account
  const host = account.host ?? ((socket) => socket.end())
  return makeFake('ssh', (record, scope): SshAccess => {
    const target = scope?.binding ?? ''
    return {
      open: () => record('open', target, () => openTo(host)),
      identity: () => record('identity', target, () => ({ user, publicKey: publicKey.slice() })),
      sign: (data, algorithm) =>
        record('sign', target, () => {
          if (sign !== undefined) return sign(data, algorithm)
          throw new CodedError('ERR_HANDLE_DENIED', 'only a request to log in is signed')
        }),
    }
  })
}
