// SPDX-License-Identifier: Apache-2.0
/** A service to connect to, in memory. */
import { CodedError } from '../errors.ts'
import type { ByteSocket, Connector } from '../handles.ts'
import { bytePipe } from './byte-pipe.ts'
import { makeFake } from './fake.ts'
import type { Fake } from './fake.ts'

/** What the service does with a connection; or the code that opening one fails with. */
export type FakeService = ((socket: ByteSocket) => unknown) | { readonly code: string }

/**
 * A `connect` handle to a service that is a function.
 *
 * @example
 * fakeConnect((socket) => socket.end('220 ready\r\n'))
 * fakeConnect({ code: 'ERR_CONNECT_FAILED' })
 */
export function fakeConnect(service: FakeService): Fake<'connect'> {
  return makeFake('connect', (record, scope): Connector => ({
    open: () => record('open', scope?.binding ?? '', () => openTo(service)),
  }))
}

/** The plugin's end of a new connection to a fake service. */
export function openTo(service: FakeService): ByteSocket {
  if (typeof service !== 'function') {
    throw new CodedError(service.code, 'the service cannot be reached')
  }
  const [near, far] = bytePipe()
  service(far)
  return near
}
