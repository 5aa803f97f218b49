// SPDX-License-Identifier: Apache-2.0
/** Things on this host that a probe may aim at, and evidence from their side whether it hit them. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RAW_CALLS, type Attack, type ProbeTargets, type RawCall } from './probe-attacks.ts'
import { numberOf, thisProcessor } from './seccomp/filter.ts'
import { DENIED } from './seccomp/system-calls.ts'

const CONTENT = 'canary'

/** Targets that stand open for as long as the scope lasts. */
export interface OpenTargets extends AsyncDisposable {
  readonly targets: ProbeTargets
  /** That the target itself was hit by an attack, whatever the probe says; undefined when it was not. */
  evidence(attack: Attack): { readonly stands: false; readonly detail: string } | undefined
}

/**
 * Opens a file, a database and listeners that anyone on this host may use, so that only a wall can be in the way.
 * `library` is a shared library of this host.
 */
export async function openTargets(library: string): Promise<OpenTargets> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-probe-'))
  await chmod(folder, 0o777)
  const file = join(folder, 'file')
  await writeFile(file, CONTENT)
  await chmod(file, 0o666)
  const database = join(folder, 'database')
  makeDatabase(database)
  await chmod(database, 0o666)
  const abstractSocket = `sallyport-probe-${randomUUID()}`
  const socket = join(folder, 'socket')
  const listeners = {
    'connect over TCP': await listen({ host: '127.0.0.1', port: 0 }),
    'connect to a Unix socket': await listen({ path: socket, writableAll: true }),
    'connect to an abstract socket': await listen({ path: `\0${abstractSocket}` }),
  }
  const { port } = listeners['connect over TCP'].address
  return {
    targets: {
      ...{ file, database, library, port, socket, abstractSocket },
      pid: process.pid,
      calls: callNumbers(),
    },
    evidence(attack) {
      const isListener = Object.hasOwn(listeners, attack)
      const hitCount = isListener ? listeners[attack as keyof typeof listeners].hitCount() : 0
      if (hitCount > 0) return { stands: false, detail: 'the listener was reached' }
      if (attack !== 'write to a file' || readFileSync(file, 'utf8') === CONTENT) return undefined
      return { stands: false, detail: 'the file was changed' }
    },
    async [Symbol.asyncDispose]() {
      for (const { server } of Object.values(listeners)) server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function callNumbers(): Record<RawCall, number> {
  const numbers = RAW_CALLS.map((name) => [name, numberOf(DENIED[name], thisProcessor())])
  return Object.fromEntries(numbers) as Record<RawCall, number>
}

function makeDatabase(path: string): void {
  const database = new DatabaseSync(path)
  database.exec("CREATE TABLE canary (value TEXT); INSERT INTO canary VALUES ('canary')")
  database.close()
}

interface Listener {
  readonly server: Server
  readonly address: { readonly port: number }
  hitCount(): number
}

function listen(
  where: { host: string; port: number } | { path: string; writableAll?: boolean },
): Promise<Listener> {
  let hits = 0
  const server = createServer((socket) => {
    hits += 1
    socket.on('error', () => undefined).destroy()
  })
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(where, () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      resolve({ server, address: { port }, hitCount: () => hits })
    })
  })
}
