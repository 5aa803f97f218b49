// SPDX-License-Identifier: Apache-2.0
/** A port for a program that cannot be told to take any. */
import { createServer, type AddressInfo } from 'node:net'

/** A port of the loopback that nobody has at this moment. */
export async function freePort(): Promise<number> {
  const service = createServer()
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', done))
  const { port } = service.address() as AddressInfo
  await new Promise((done) => service.close(done))
  return port
}
