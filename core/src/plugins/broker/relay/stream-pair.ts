// SPDX-License-Identifier: Apache-2.0
/** Two connected local sockets of this process, one to keep and one to give away. */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { lstat, mkdir, open } from 'node:fs/promises'
import { createServer, Socket, type Server } from 'node:net'
import { join } from 'node:path'
import { CodedError, isCodedError } from '@sallyport/sdk'

const FOLDER = 'relay'

/** Both ends. Nothing has been read from `far`, so it can be passed to another process. */
export interface StreamPair {
  readonly near: Socket
  readonly far: Socket
}

/**
 * Opens a pair.
 *
 * Trust: the ends meet on a socket in a folder that nobody else may enter; it takes one connection and is unlinked
 * before this returns.
 * Throws: ERR_CONNECT_FAILED.
 * Why not `socketpair`: Node has none. Why the path by way of a descriptor: the path of a socket has 107 bytes at most
 * (unix(7)), the agent's state directory may have more.
 */
export async function openStreamPair(stateDirectory: string): Promise<StreamPair> {
  const path = await privateFolder(stateDirectory)
  await using folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY)
  const server = createServer({ allowHalfOpen: true })
  const far = new Socket({ allowHalfOpen: true })
  far.on('error', () => undefined) // Whoever waits for it learns it from `once`.
  try {
    return await meet(server, far, `/proc/self/fd/${folder.fd}/${randomUUID()}`)
  } catch (cause) {
    far.destroy()
    throw new CodedError('ERR_CONNECT_FAILED', 'the agent can make no local socket', { cause })
  } finally {
    server.close()
  }
}

/** Why paused: what this process reads from the far end would be lost to the one that gets it. */
async function meet(server: Server, far: Socket, path: string): Promise<StreamPair> {
  server.maxConnections = 1
  server.listen({ path, backlog: 1 })
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  far.pause()
  far.connect(path)
  const [[near]] = await Promise.all([accepted, once(far, 'connect')])
  return { near, far }
}

async function privateFolder(stateDirectory: string): Promise<string> {
  const path = join(stateDirectory, FOLDER)
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (!isCodedError(error) || error.code !== 'EEXIST') throw error
  })
  const found = await lstat(path)
  const isPrivate =
    found.isDirectory() && (found.mode & 0o077) === 0 && found.uid === process.getuid!()
  if (isPrivate) return path
  throw new CodedError('ERR_CONNECT_FAILED', `${path} is not a folder of this agent alone`)
}
