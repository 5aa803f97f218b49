// SPDX-License-Identifier: Apache-2.0
/**
 * The program that tries to break out of one wall at a time and reports what it gained.
 *
 * Why one file without imports but Node's own: its text is fed to Node over standard input, as that of a plugin's process.
 */
import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { open as openInspector } from 'node:inspector'
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Attack, AttackResult, ProbeTargets } from './probe-attacks.ts'

const CONNECT_MS = 1_000

/** Each attack says what it gained, or throws. */
const attacks: Record<Attack, (targets: ProbeTargets) => string | Promise<string>> = {
  'read a file': ({ file }) => `read ${readFileSync(file).length} bytes`,
  'write to a file': ({ file }) => {
    appendFileSync(file, 'x')
    return 'wrote to it'
  },
  'create a file': () => {
    const folders = ['/', '/tmp/', '/dev/', '/dev/shm/', '/run/', '/var/tmp/', '/lib/']
    const created = folders.filter((folder) =>
      succeeds(() => writeFileSync(`${folder}escape-probe`, '')),
    )
    return gained('created a file in', created)
  },
  'open a database': async ({ database }) => {
    const { DatabaseSync } = await import('node:sqlite')
    return `read ${new DatabaseSync(database).prepare('SELECT * FROM canary').all().length} rows`
  },
  'connect over TCP': ({ port }) => connected({ host: '127.0.0.1', port }),
  'connect to a Unix socket': ({ socket }) => connected({ path: socket }),
  'connect to an abstract socket': ({ abstractSocket }) =>
    connected({ path: `\0${abstractSocket}` }),
  'see network interfaces': () =>
    gained(
      'sees',
      Object.keys(networkInterfaces()).filter((name) => name !== 'lo'),
    ),
  'signal the agent': ({ pid }) =>
    unlessForeign('EPERM', () => {
      process.kill(pid, 0)
      return 'could signal it'
    }),
  'read the environment of the agent': ({ pid }) =>
    unlessForeign('EACCES', () => `read ${readFileSync(`/proc/${pid}/environ`).length} bytes`),
  'find variables': () =>
    gained(
      'found',
      Object.keys(process.env).filter((name) => name !== 'PWD'),
    ),
  'have capabilities': () => {
    const status = readFileSync('/proc/self/status', 'latin1')
    const held = [...status.matchAll(/^Cap(?:Prm|Eff|Bnd|Amb):\s*(\S+)$/gm)].filter(
      (line) => !/^0+$/.test(line[1]!),
    )
    return gained(
      'has',
      held.map((line) => line[0]),
    )
  },
  'start a program': () => {
    const { error } = spawnSync('/bin/sh', ['-c', 'exit 0'])
    if (error !== undefined) throw error
    return 'started a shell'
  },
  'start a thread': () =>
    new Promise((resolve, reject) => {
      const thread = new Worker('', { eval: true })
      thread.on('exit', () => resolve('started one'))
      thread.on('error', reject)
    }),
  'load an add-on': ({ library }) => {
    try {
      process.dlopen({ exports: {} }, library)
    } catch (error) {
      // Node says so only after it has loaded the library and run what the library runs by itself.
      if (!String(error).includes('self-register')) throw error
    }
    return 'loaded a library'
  },
  'make code from text': () => `made ${String(new Function('return 1')())}`,
  'open the inspector': () => {
    openInspector(0, '127.0.0.1')
    return 'opened it'
  },
}

process.once('message', (message) => {
  const { names, targets } = message as { names: Attack[]; targets: ProbeTargets }
  void tryAll(names, targets).then((results) => process.send?.(results))
})

async function tryAll(names: readonly Attack[], targets: ProbeTargets): Promise<AttackResult[]> {
  const results: AttackResult[] = []
  for (const attack of names) results.push(await tryOne(attack, targets))
  return results
}

async function tryOne(attack: Attack, targets: ProbeTargets): Promise<AttackResult> {
  try {
    return { attack, stands: false, detail: await attacks[attack](targets) }
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown }
    return { attack, stands: true, detail: String(code ?? message).slice(0, 200) }
  }
}

function connected(target: { host: string; port: number } | { path: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(target)
    socket.setTimeout(CONNECT_MS, () => reject(new Error('no answer')))
    socket.on('error', reject)
    socket.on('connect', () => socket.end('canary', () => resolve('connected')))
  })
}

/** Why: to be refused for being another user is luck, and says that the process can be seen. */
function unlessForeign(refusal: 'EPERM' | 'EACCES', attempt: () => string): string {
  try {
    return attempt()
  } catch (error) {
    if ((error as { code?: string }).code !== refusal) throw error
    return 'can see its process'
  }
}

function succeeds(attempt: () => void): boolean {
  try {
    attempt()
    return true
  } catch {
    return false
  }
}

function gained(what: string, things: readonly string[]): string {
  if (things.length === 0) throw new Error('nothing')
  return `${what} ${things.join(', ')}`
}
