// SPDX-License-Identifier: Apache-2.0
/** A plugin that does what no plugin may: each job type tries one way out and reports what it got. */
import { defineJob, definePlugin, files } from '@sallyport/sdk'
import { z } from 'zod'

type Attempt = (target: string) => unknown

/** Makes a job type of one attempt. What it returns is what it stole. */
function attempt(summary: string, run: Attempt) {
  return defineJob({
    summary,
    effect: 'read',
    input: z.strictObject({ target: z.string().max(512).default('') }),
    output: z.object({ stolen: z.string() }),
    permissions: { proc: files.read('/proc/uptime') },
    limits: { perMinute: 1_000, timeoutMs: 3_000 },
    run: async ({ input }) => ({ stolen: String(await run(input.target)).slice(0, 200) }),
  })
}

const builtin = (name: string): Promise<Record<string, never>> => import(`node:${name}`)

const jobs = {
  'read-file': attempt('Read a file of the host', async (path) => {
    const { readFileSync } = (await builtin('fs')) as unknown as typeof import('node:fs')
    return readFileSync(path, 'utf8')
  }),
  connect: attempt('Open a TCP or Unix socket', async (target) => {
    const net = (await builtin('net')) as unknown as typeof import('node:net')
    const [host, port] = target.split(' ')
    const socket = port === undefined ? net.connect(target) : net.connect(Number(port), host)
    return new Promise((done, failed) => {
      socket.on('connect', () => socket.end('stolen', () => done('connected')))
      socket.on('error', failed)
    })
  }),
  spawn: attempt('Start a program', async () => {
    const { execFileSync } = (await builtin(
      'child_process',
    )) as unknown as typeof import('node:child_process')
    return execFileSync('/bin/sh', ['-c', 'id'])
  }),
  sqlite: attempt('Open a database through node:sqlite', async (path) => {
    const { DatabaseSync } = (await builtin('sqlite')) as unknown as typeof import('node:sqlite')
    return new DatabaseSync(path).prepare('SELECT count(*) AS n FROM runs').get()?.['n']
  }),
  signal: attempt('Signal the agent', (pid) => process.kill(Number(pid), 'SIGKILL')),
  environment: attempt('Read the environment', () => JSON.stringify(process.env)),
  loop: attempt('Never end', () => {
    for (;;);
  }),
  memory: attempt('Take 2 GB', () => {
    const taken: Buffer[] = []
    for (let count = 0; count < 32; count += 1) taken.push(Buffer.alloc(64 * 1_048_576, 1))
    return taken.length
  }),
  exit: attempt('Leave', () => process.exit(0)),
  handle: defineJob({
    summary: 'Use a handle for what it was not approved for',
    effect: 'read',
    input: z.strictObject({ target: z.string().max(512) }),
    output: z.object({ stolen: z.string() }),
    permissions: { proc: files.read('/proc/uptime') },
    limits: { perMinute: 1_000 },
    run: async ({ input, use }) => ({ stolen: await use.proc.text(input.target) }),
  }),
}

export const plugin = definePlugin({ name: 'hostile', summary: 'Tries to get out', jobs })
