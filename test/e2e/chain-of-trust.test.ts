// SPDX-License-Identifier: Apache-2.0
/** A plugin from its publisher's key to its revocation, by command line alone, on two real agents. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUIDv7 } from 'node:crypto'
import { readFile, readdir, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeIdentity, signPublication, unlockKeys } from '@sallyport/core/crypto'
import { Secret } from '@sallyport/sdk'
import { writePluginFolder } from '../support/plugin-folder.ts'
import {
  sallyport,
  sallyportJson,
  start,
  temporaryFolder,
  type Finished,
  type Running,
} from '../support/programs.ts'

const SLOW_MS = 120_000
const scope = new AsyncDisposableStack()
let home: string
let second: Running
let common: string[]
const bundles: Record<string, string> = {}

interface Document {
  readonly [member: string]: any
}

/** Runs a command with the operator's passphrase and hub. */
const cli = (...args: string[]): Promise<Finished> => sallyport([...args, ...common], { home })

async function json(...args: string[]): Promise<Document> {
  return sallyportJson<Document>([...args, ...common], { home })
}

/** Builds one version of the plugin; it reads one file or, when it is wide, has a job type that reads them all. */
async function build(version: string, isWide: boolean): Promise<string> {
  const folder = join(home, `notes-${version}`)
  const job = (path: string, effect: string) => `defineJob({
    summary: 'Reads', effect: '${effect}', input: z.strictObject({}), output: z.object({ text: z.string() }),
    permissions: { host: files.read('${path}') },
    run: async ({ use }) => ({ text: '${version} ' + (await use.host.text('/proc/version')).length }),
  })`
  const wide = isWide ? `, all: ${job('/proc/**', 'change')}` : ''
  const jobs = `{ read: ${job(isWide ? '/proc/*' : '/proc/version', 'read')}${wide} }`
  await writePluginFolder(folder, { name: 'notes', version, jobs })
  const args = ['plugin', 'build', folder, '--out', home, '--write-manifest']
  return String((await sallyportJson(args, { home }))['file'])
}

async function run(agent: string, job = 'notes/read'): Promise<Document> {
  const ended = await cli('job', 'run', job, '--agent', agent, '--wait', '--json')
  return JSON.parse(ended.stdout) as Document
}

beforeAll(async () => {
  home = scope.use(await temporaryFolder()).path
  const passphrase = join(home, 'passphrase')
  await writeFile(
    passphrase,
    '5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34\n',
    { mode: 0o600 },
  )
  await sallyportJson(['init', '--passphrase-file', passphrase], { home })
  const hub = scope.use(await start(['hub', 'start', '--port', '0'], { home }))
  const url = String(hub.ready['url'])
  common = ['--hub', url, '--passphrase-file', passphrase]
  for (const name of ['pve1', 'pve2']) {
    const { code } = await json('agent', 'code', name)
    const state = ['--state-dir', join(home, name)]
    await sallyportJson(['agent', 'enrol', code, '--hub', url, ...state], { home })
    second = scope.use(await start(['agent', 'start', ...state], { home }))
  }
  for (const [version, isWide] of [
    ['1.0.0', false],
    ['1.1.0', true],
  ] as const) {
    bundles[version] = await build(version, isWide)
  }
}, 2 * SLOW_MS)

afterAll(() => scope.disposeAsync())

const keys = (): string[] => ['--passphrase-file', join(home, 'passphrase')]

describe("a publisher's keys", () => {
  it(
    'are made once, lie locked and private, and are not those of the operator',
    async () => {
      const made = await sallyportJson<Document>(['plugin', 'keygen', '--name', 'ada', ...keys()], {
        home,
      })
      expect(made).toMatchObject({
        format: 'sallyport.plugin-keygen/1',
        publisher: { name: 'ada' },
      })
      const { file, publisher } = made as { file: string; publisher: Document }
      expect((await stat(file)).mode & 0o777).toBe(0o600)
      const operator = await readFile(join(home, 'operator', 'keys.json'), 'utf8')
      expect(operator).not.toContain(publisher['key'])
      const before = await readFile(file)
      const again = await sallyport(['plugin', 'keygen', ...keys()], { home })
      expect(again.code).toBe(3)
      expect(again.stderr).toContain('ERR_PUBLISHER_EXISTS')
      expect(await readFile(file)).toEqual(before)
    },
    SLOW_MS,
  )

  it(
    'sign a bundle and leave its bytes as they are',
    async () => {
      const file = bundles['1.0.0']!
      const unsigned = await cli('plugin', 'approve', file, '--agent', 'pve1', '--yes')
      expect(unsigned.code).toBe(3)
      expect(unsigned.stderr).toContain('(ERR_BUNDLE_UNSIGNED)')
      expect(unsigned.stderr).toContain('sallyport plugin keygen')
      expect((await sallyport(['plugin', 'inspect', file], { home })).stdout).toContain('unsigned')
      const before = await readFile(file)
      for (const each of Object.values(bundles)) {
        const signed = await sallyportJson<Document>(['plugin', 'sign', each, ...keys()], { home })
        expect(signed).toMatchObject({ format: 'sallyport.plugin-sign/1', file: `${each}.sig` })
      }
      expect(await readFile(file)).toEqual(before)
      const again = await sallyport(['plugin', 'sign', file, ...keys()], { home })
      expect(again.stderr).toContain('(ERR_PUBLICATION_EXISTS)')
      const shown = await sallyportJson<Document>(['plugin', 'inspect', file], { home })
      expect(shown).toMatchObject({
        format: 'sallyport.plugin-inspect/1',
        publisher: { name: 'ada', isKnown: true },
        publication: { state: 'valid' },
        permissions: [{ job: 'read', kind: 'files.read', text: 'read files /proc/version' }],
      })
    },
    SLOW_MS,
  )

  it(
    'do not vouch for other bytes than they signed',
    async () => {
      const other = join(home, 'other.spb')
      await writeFile(other, await readFile(bundles['1.1.0']!))
      await writeFile(`${other}.sig`, await readFile(`${bundles['1.0.0']}.sig`))
      const refused = await cli('plugin', 'approve', other, '--agent', 'pve1', '--yes')
      expect(refused).toMatchObject({ code: 3, stdout: '' })
      expect(refused.stderr).toContain('it is of another bundle')
      expect(refused.stderr).toContain('(ERR_PUBLICATION)')
    },
    SLOW_MS,
  )
})

describe("an operator's key", () => {
  it(
    'publishes nothing, not even by hand',
    async () => {
      const secret = new Secret('5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34')
      const box = await readFile(join(home, 'operator', 'keys.json'))
      const { identity, plaintext } = unlockKeys(box, secret)
      const file = join(home, 'by-hand.spb')
      const bytes = await readFile(bundles['1.0.0']!)
      const [issuedAtMs, publicationId] = [Date.now(), randomUUIDv7()]
      const publisher = makeIdentity(identity.name, plaintext)
      const window = { issuedAtMs, expiresAtMs: issuedAtMs + SLOW_MS }
      await writeFile(file, bytes)
      await writeFile(
        `${file}.sig`,
        signPublication(bytes, { publisher, publicationId, ...window }),
      )
      const refused = await cli('plugin', 'approve', file, '--agent', 'pve1', '--yes')
      expect(refused).toMatchObject({ code: 3, stdout: '' })
      expect(refused.stderr).toContain('(ERR_PUBLISHER_KEY)')
    },
    SLOW_MS,
  )
})

describe('an approval', () => {
  it(
    'is sent to every agent of the site after one question',
    async () => {
      const approved = await json('plugin', 'approve', bundles['1.0.0']!, '--site', '--yes')
      expect(approved['agents']).toMatchObject([
        { agent: { name: 'pve1' }, state: 'accepted', replaces: null },
        { agent: { name: 'pve2' }, state: 'accepted', replaces: null },
      ])
      expect((await run('pve1'))['result'].output.text).toMatch(/^1\.0\.0 /)
      const held = ['plugin', 'list', '--state-dir', join(home, 'pve1')]
      expect((await sallyportJson<Document>(held, { home }))['plugins']).toMatchObject([
        { name: 'notes', state: 'approved', approved: { version: '1.0.0', jobs: ['read'] } },
      ])
    },
    SLOW_MS,
  )

  it(
    'of a wider version shows what is new and signs nothing without an answer',
    async () => {
      const args = ['plugin', 'approve', bundles['1.1.0']!, '--agent', 'pve1']
      const shown = await cli(...args)
      expect(shown).toMatchObject({ code: 2, stdout: '' })
      expect(shown.stderr).toContain('On pve1, replaces 1.0.0:')
      expect(shown.stderr).toMatch(/^ {2}\+ read +read files \/proc\/\* +\(read\)$/m)
      expect(shown.stderr).toMatch(/^ {2}- read +read files \/proc\/version +\(read\)$/m)
      expect(shown.stderr).toMatch(/^ {2}\+ change +read files \/proc\/\*\* +\(all\)$/m)
      expect(shown.stderr).toContain('2 permissions are new (+), 1 permission is gone (-).')
      expect(shown.stderr).toMatch(/ERR_CONFIRMATION_NEEDED[\s\S]*--yes/)
      expect((await run('pve1'))['result'].plugin.version).toBe('1.0.0')
    },
    SLOW_MS,
  )

  it(
    'can leave job types out, which then are not even signed for',
    async () => {
      const args = ['--agent', 'pve1', '--only', 'read', '--yes']
      const { agents, jobs } = await json('plugin', 'approve', bundles['1.1.0']!, ...args)
      expect(jobs).toEqual(['read'])
      expect(agents[0].permissions).toMatchObject([{ change: 'new' }, { change: 'gone' }])
      expect((await run('pve1'))['result'].output.text).toMatch(/^1\.1\.0 /)
      const refused = await cli('job', 'run', 'notes/all', '--agent', 'pve1')
      expect(refused.code).toBe(2)
    },
    SLOW_MS,
  )

  it(
    'of a lower version needs a flag, here and on the agent',
    async () => {
      const args = ['plugin', 'approve', bundles['1.0.0']!, '--agent', 'pve1', '--yes']
      const refused = await cli(...args)
      expect(refused).toMatchObject({ code: 3, stdout: '' })
      expect(refused.stderr).toContain('! a lower version: 1.1.0 stands, this is 1.0.0')
      expect(refused.stderr).toMatch(/\(lower_version\)[\s\S]*Nothing was signed or sent\./)
      const meant = await json(...args, '--allow-downgrade')
      expect(meant).toMatchObject({ overrides: ['lower_version'], agents: [{ state: 'accepted' }] })
    },
    SLOW_MS,
  )

  it(
    'of another publisher says so and needs a flag; what the agent refuses is said with its reason',
    async () => {
      const other = join(home, 'other-home')
      const made = ['plugin', 'keygen', '--name', 'ada', '--home', other, ...keys()]
      await sallyportJson(made, { home })
      const copy = join(home, 'copy.spb')
      await writeFile(copy, await readFile(bundles['1.1.0']!))
      await sallyportJson(['plugin', 'sign', copy, '--home', other, ...keys()], { home })
      const args = ['plugin', 'approve', copy, '--agent', 'pve2', '--yes']
      const refused = await cli(...args)
      expect(refused.code).toBe(3)
      expect(refused.stderr).toMatch(/published by ada \(new key SHA256:/)
      expect(refused.stderr).toMatch(/! another publisher: before it was ada SHA256:/)
      expect(refused.stderr).toContain('(other_publisher)')

      // An operator who does not know what stands there has the agent to stop them.
      const records = join(home, 'operator', 'approvals')
      const aside = join(home, 'aside')
      await rename(records, aside)
      const unknowing = await cli(...args)
      expect(unknowing.code).toBe(3)
      expect(unknowing.stderr).toMatch(/refused by pve2: .*\(other_publisher\)/)
      expect(unknowing.stderr).toContain('--allow-publisher')
      for (const name of await readdir(aside)) await rename(join(aside, name), join(records, name))

      const meant = await json(...args, '--allow-publisher')
      expect(meant).toMatchObject({ overrides: ['other_publisher'], publisher: { isKnown: false } })
    },
    SLOW_MS,
  )
})

describe('a revocation', () => {
  it(
    'asks first, is signed for by the agent, and its jobs are refused from then on',
    async () => {
      const args = ['plugin', 'revoke', 'notes', '--agent', 'pve1', '--why', 'too curious']
      const unasked = await cli(...args)
      expect(unasked).toMatchObject({ code: 2, stdout: '' })
      expect(unasked.stderr).toMatch(/pve1 +notes 1\.0\.0 by ada SHA256:/)
      expect((await run('pve1'))['state']).toBe('done')

      const revoked = await json(...args, '--yes')
      expect(revoked).toMatchObject({
        format: 'sallyport.plugin-revoke/1',
        subject: { plugin: 'notes' },
        agents: [{ agent: { name: 'pve1' }, state: 'accepted', verified: { signedBy: 'pve1' } }],
      })
      const refused = await run('pve1')
      expect(refused).toMatchObject({ state: 'refused', error: { code: 'revoked' } })
      expect((await run('pve2'))['state']).toBe('done')
      const listed = ['plugin', 'list', '--agent', 'pve1']
      const { approvals } = await sallyportJson<Document>(listed, { home })
      expect(approvals).toMatchObject([{ state: 'revoked' }])
    },
    SLOW_MS,
  )

  it(
    'is lifted by a new approval, and by nothing else',
    async () => {
      const args = ['--agent', 'pve1', '--yes']
      await json('plugin', 'release', 'notes', ...args)
      expect((await run('pve1'))['error']).toMatchObject({ code: 'revoked' })
      await json('plugin', 'approve', bundles['1.1.0']!, ...args)
      expect((await run('pve1'))['state']).toBe('done')
    },
    SLOW_MS,
  )

  it(
    'of a publisher takes a fingerprint; an agent that is away is named, and the others have it',
    async () => {
      const { publisher } = await sallyportJson<Document>(
        ['plugin', 'inspect', bundles['1.0.0']!],
        { home },
      )
      await second.end()
      const short = String(publisher.fingerprint).slice(0, 15)
      const args = ['plugin', 'revoke', '--publisher', short, '--site', '--yes', '--timeout', '3s']
      const ended = await cli(...args, '--json')
      expect(ended.code).toBe(4)
      expect(JSON.parse(ended.stdout)).toMatchObject({
        subject: { publisherKey: publisher.key },
        agents: [
          { agent: { name: 'pve1' }, state: 'accepted' },
          { agent: { name: 'pve2' }, state: 'failed', error: { code: 'ERR_NO_ANSWER' } },
        ],
      })
      expect((await run('pve1'))['error']).toMatchObject({ code: 'revoked' })
    },
    SLOW_MS,
  )
})

describe('an agent that comes back', () => {
  it(
    'takes what waited for it, and its answer is found by the next command',
    async () => {
      second = scope.use(
        await start(['agent', 'start', '--state-dir', join(home, 'pve2')], { home }),
      )
      // Documents are taken in the order in which they were sent.
      await json(
        'plugin',
        'approve',
        bundles['1.1.0']!,
        '--agent',
        'pve2',
        '--yes',
        '--allow-publisher',
      )
      await json('plugin', 'release', 'notes', '--agent', 'pve2', '--yes')
      const listed = ['plugin', 'list', '--agent', 'pve2', '--all']
      const before = await sallyportJson<Document>(listed, { home })
      expect(before['approvals']).toMatchObject([{ state: 'approved' }, {}, {}, {}])
      const revocations = join(home, 'operator', 'revocations')
      const records = await Promise.all(
        (await readdir(revocations)).map((name) => readFile(join(revocations, name), 'utf8')),
      )
      expect(records.filter((text) => text.includes('"sent"'))).toEqual([])
    },
    SLOW_MS,
  )
})

describe('what is no job', () => {
  it('does not stand among the jobs', async () => {
    const { jobs } = await json('job', 'list', '--limit', '50')
    expect(jobs.every(({ jobType }: Document) => jobType === 'notes/read')).toBe(true)
  })
})
