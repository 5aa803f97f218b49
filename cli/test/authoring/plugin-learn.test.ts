// SPDX-License-Identifier: Apache-2.0
/** `sallyport plugin learn` and `unused` on a plugin outside the repository: by its tests, and by a run in the sandbox. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { madePlugin } from '../support/plugin-folder.ts'
import { documentOf, run } from '../support/program.ts'

let scratch: string
let folder: string
let source: string
const write = (text: string) => writeFile(join(folder, 'src/index.ts'), text)

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sallyport-learn-test-'))
  folder = await madePlugin(scratch, 'uptime')
  source = await readFile(join(folder, 'src/index.ts'), 'utf8')
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const learn = (...args: string[]) => run(['plugin', 'learn', folder, ...args])
const WIDE = "proc: files.read('/proc/**', '/sys/**'), cache: state()"

describe('plugin learn', () => {
  it('proposes from the tests what is needed, and says what that rests on', async () => {
    await write(
      source
        .replace("proc: files.read('/proc/uptime')", WIDE)
        .replace('definePlugin, files', 'definePlugin, files, state'),
    )
    const ended = await learn()
    await write(source)
    expect(ended.exitCode).toBe(0)
    expect(ended.stdout).toContain("    proc: files.read('/proc/uptime'),  // narrower than now\n")
    expect(ended.stdout).toContain('not used: cache')
    expect(ended.stdout).toContain('From 3 runs and 3 calls in the tests, with nothing refused')
    expect(ended.stdout).toContain('It covers those runs and says nothing of others.')
  })

  it('proposes what the code does not declare yet', async () => {
    await write(source.replace("{ proc: files.read('/proc/uptime') }", '{}'))
    const document = documentOf(await learn('--json'))
    await write(source)
    expect(document).toMatchObject({
      format: 'sallyport.plugin-learn/1',
      learntFrom: { from: 'tests', runs: { read: 3 } },
      jobs: [
        {
          job: 'read',
          permissions: [{ handle: 'proc', change: 'new', lines: ["files.read('/proc/uptime')"] }],
        },
      ],
      notRun: [],
    })
  })

  it('learns from a run in the sandbox, where what was denied is added and nothing is granted', async () => {
    await write(source.replace("text('/proc/uptime')", "text('/proc/version')"))
    const document = documentOf(await learn('--job', 'read', '--json'))
    await write(source)
    expect(document).toMatchObject({
      learntFrom: { from: 'run', runs: { read: 1 }, failedCount: 1 },
      jobs: [{ permissions: [{ change: 'wider', lines: ["files.read('/proc/version')"] }] }],
    })
  })

  it('says so when the tests run no job', async () => {
    const test = join(folder, 'test/read.test.ts')
    const before = await readFile(test, 'utf8')
    await writeFile(test, '')
    const ended = await learn('--json')
    await writeFile(test, before)
    expect(ended.exitCode).toBe(1)
    expect(documentOf(ended)).toMatchObject({ error: { code: 'ERR_NOTHING_RECORDED' } })
  })
})

describe('plugin unused', () => {
  it('names the rights that the tests did not use', async () => {
    await write(
      source
        .replace("proc: files.read('/proc/uptime')", WIDE)
        .replace('definePlugin, files', 'definePlugin, files, state'),
    )
    const ended = await run(['plugin', 'unused', folder])
    await write(source)
    expect(ended.exitCode).toBe(0)
    expect(ended.stdout).toContain('read  proc: /sys/**')
    expect(ended.stdout).toContain('read  cache, all of it')
    expect(ended.stdout).toContain('what another run needs is not known')
    expect((await run(['plugin', 'unused', folder])).stdout).toContain('every right was used')
  })

  it('needs an agent to look at for a bundle', async () => {
    const built = documentOf(await run(['plugin', 'build', folder, '--json']))
    const ended = await run(['plugin', 'unused', built['file'] as string, '--json'])
    expect(ended.exitCode).toBe(2)
    expect(documentOf(ended)).toMatchObject({ error: { code: 'ERR_USAGE' } })
  })
})
