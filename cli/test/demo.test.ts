// SPDX-License-Identifier: Apache-2.0
/** The demo as a person starts it. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { PROGRAM, documentOf, run } from './support/program.ts'
import { until } from '../../test/support/until.ts'

const SLOW_MS = 120_000

/** Everything the demo makes lies in here, so that a case sees what is left. */
let scratch: string
beforeAll(async () => void (scratch = await mkdtemp(join(tmpdir(), 'sallyport-demo-test-'))))
afterAll(() => rm(scratch, { recursive: true, force: true }))

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('the demo', () => {
  it(
    'goes from nothing to verified readings and a refused attempt, and leaves nothing behind',
    async () => {
      const ended = await run(['demo', '--json'], { env: { TMPDIR: scratch } })
      expect(ended).toMatchObject({ exitCode: 0, stderr: '' })
      const document = documentOf(ended)
      expect(document).toMatchObject({
        format: 'sallyport.demo/1',
        isKept: false,
        jobs: [
          { state: 'done', job: { jobType: 'sensors/read' } },
          { state: 'done', job: { jobType: 'sensors/host' } },
        ],
        audit: { keyIsPinned: true, holdsKnownHead: true },
        attempt: { refusal: { code: 'unsealable' } },
      })
      expect(document['jobs'][1].result.output.memory.totalBytes).toBeGreaterThan(0)
      expect(await readdir(scratch)).toEqual([])
      expect([document['hub'].pid, document['agent'].pid].filter(isAlive)).toEqual([])
    },
    SLOW_MS,
  )

  it(
    'cleans up when it is interrupted',
    async () => {
      const { PATH = '', HOME = '' } = process.env
      const child = spawn(PROGRAM, ['demo'], {
        env: { PATH, HOME, TMPDIR: scratch },
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
      let printed = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
      await until(() => /\n {2}agent .*process \d+/.test(printed))
      const pids = [...printed.matchAll(/process (\d+)/g)].map(([, pid]) => Number(pid))
      expect(pids).toHaveLength(2)
      child.kill('SIGINT')
      expect(await ended).toBe(130)
      await until(() => !pids.some(isAlive))
      expect(await readdir(scratch)).toEqual([])
    },
    SLOW_MS,
  )

  it(
    'leaves hub and agent running with --keep, and says how to end them',
    async () => {
      const ended = await run(['demo', '--keep'], { env: { TMPDIR: scratch } })
      expect(ended.exitCode).toBe(0)
      const [, pids = '', folder = ''] = /kill ([\d ]+) && rm -r (\S+)/.exec(ended.stdout) ?? []
      const running = pids.split(' ').map(Number)
      try {
        expect(running.every(isAlive)).toBe(true)
        const [, home = '', passphrase = ''] =
          /SALLYPORT_HOME=(\S+) SALLYPORT_PASSPHRASE_FILE=(\S+)/.exec(ended.stdout) ?? []
        const env = { SALLYPORT_HOME: home, SALLYPORT_PASSPHRASE_FILE: passphrase }
        const list = await run(['agent', 'list', '--json'], { env })
        expect(documentOf(list)['agents']).toMatchObject([{ name: 'demo-host', state: 'online' }])
      } finally {
        for (const pid of running) process.kill(pid, 'SIGTERM')
        await until(() => !running.some(isAlive))
        await rm(folder, { recursive: true })
      }
      expect(existsSync(folder)).toBe(false)
    },
    SLOW_MS,
  )
})
