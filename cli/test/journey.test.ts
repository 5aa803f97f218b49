// SPDX-License-Identifier: Apache-2.0
/** One operator, one hub, one agent, by command line alone: every command's answer and its JSON. */
import { spawn } from 'node:child_process'
import { cp, mkdir, readFile, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startInBackground } from './support/background.ts'
import type { Background } from './support/background.ts'
import { PROGRAM, ROOT, documentOf, makeHome, run } from './support/program.ts'
import type { Ended, TestHome } from './support/program.ts'

const SLOW_MS = 120_000
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const scope = new AsyncDisposableStack()
let home: TestHome
let hub: Background
let agent: Background
let env: Record<string, string>
let bundle: string

const sallyport = (...args: string[]): Promise<Ended> => run(args, { env })

async function json(...args: string[]): Promise<Record<string, any>> {
  const ended = await sallyport(...args, '--json')
  expect({ ...ended, args }).toMatchObject({ exitCode: 0, stderr: '' })
  return documentOf(ended)
}

beforeAll(async () => {
  home = scope.use(await makeHome())
  env = { ...home.env }
  await json('init', '--name', 'ada', '--site', 'home')
  hub = scope.use(await startInBackground(['hub', 'start', '--port', '0'], env))
  env['SALLYPORT_HUB'] = hub.started['url']!
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

describe('the way of an agent', () => {
  it(
    'begins with a code, whose line is run on the host as it is printed',
    async () => {
      const code = await json('agent', 'code', 'pve1')
      expect(code).toMatchObject({
        format: 'sallyport.agent-code/1',
        agent: { name: 'pve1' },
        hub: env['SALLYPORT_HUB'],
      })
      expect(code['code']).toMatch(/^SP2(-[0-9A-Z]{4}){18}$/)
      expect((await json('agent', 'list'))['agents']).toMatchObject([
        { name: 'pve1', state: 'code given', keyId: null },
      ])

      const line = (code['enrolLine'] as string).split(' ').slice(1)
      const enrolled = await json(...line)
      expect(enrolled).toMatchObject({
        format: 'sallyport.agent-enrol/1',
        agent: { name: 'pve1' },
        operators: ['ada'],
      })
      const again = await sallyport(...line)
      expect(again.exitCode).toBe(3)
      expect(again.stderr).toContain('ERR_ALREADY_ENROLLED')

      agent = scope.use(await startInBackground(['agent', 'start'], env))
      const { agents } = await json('agent', 'list')
      expect(agents).toMatchObject([
        { name: 'pve1', state: 'online', keyId: enrolled['agent'].keyId, doubt: null },
      ])
      expect(agents[0].lastSeenAt).toMatch(INSTANT)
    },
    SLOW_MS,
  )

  it('is taken by the program itself: it has the process id of the command, a clean environment and no socket', async () => {
    const environment = await readFile(`/proc/${agent.pid}/environ`, 'utf8')
    const names = environment
      .split('\0')
      .filter(Boolean)
      .map((each) => each.split('=')[0])
    expect(names.toSorted()).toEqual([
      'HOME',
      'NODE_COMPILE_CACHE',
      'PATH',
      'SALLYPORT_HOME',
      'SALLYPORT_HUB',
    ])
    const words = (await readFile(`/proc/${agent.pid}/cmdline`, 'utf8')).split('\0')
    expect(words).toContain('--disable-sigusr1')
    expect(words.some((word) => word.endsWith('/agent.mjs'))).toBe(true)
  })
})

describe('the way of a plugin', () => {
  it(
    'is built, signed, read, approved and listed',
    async () => {
      const built = await json(
        'plugin',
        'build',
        join(ROOT, 'plugins', 'sensors'),
        '--out',
        home.folder,
      )
      bundle = built['file'] as string

      const unsigned = await sallyport('plugin', 'approve', bundle, '--agent', 'pve1')
      expect(unsigned).toMatchObject({ exitCode: 3, stdout: '' })
      expect(unsigned.stderr).toContain('ERR_BUNDLE_UNSIGNED')
      await json('plugin', 'keygen', '--name', 'maker')
      await json('plugin', 'sign', bundle)

      const unasked = await sallyport('plugin', 'approve', bundle, '--agent', 'pve1')
      expect(unasked).toMatchObject({ exitCode: 2, stdout: '' })
      expect(unasked.stderr).toMatch(/published by maker \(known key SHA256:.{8}\)/)
      expect(unasked.stderr).toContain('It may:')
      expect(unasked.stderr).toContain('add --yes')
      expect(unasked.stderr).toContain('ERR_CONFIRMATION_NEEDED')

      const approved = await json('plugin', 'approve', bundle, '--agent', 'pve1', '--yes')
      expect(approved).toMatchObject({
        format: 'sallyport.plugin-approve/1',
        plugin: built['plugin'],
        publisher: { name: 'maker', isKnown: true },
        agents: [{ agent: { name: 'pve1' }, state: 'accepted', replaces: null }],
      })

      const { approvals } = await json('plugin', 'list')
      expect(approvals).toMatchObject([
        { agent: { name: 'pve1' }, plugin: built['plugin'], state: 'approved' },
      ])
      expect((await sallyport('plugin', 'list')).stdout).toMatch(/^AGENT\s+PLUGIN\s+VERSION/)
    },
    SLOW_MS,
  )
})

describe('the way of a job', () => {
  it(
    'ends in a verified document',
    async () => {
      const job = await json('job', 'run', 'sensors/host', '--agent', 'pve1')
      expect(job).toMatchObject({
        format: 'sallyport.job/1',
        state: 'done',
        job: { jobType: 'sensors/host', agent: { name: 'pve1' }, signedBy: 'ada', input: {} },
        result: {
          verified: { signedBy: 'pve1' },
          checksPassedCount: 13,
          plugin: { name: 'sensors' },
        },
      })
      expect(job['job'].jobId).toMatch(UUID)
      expect(job['way'].map(({ step }: { step: string }) => step)).toEqual([
        'queued',
        'delivered',
        'admitted',
        'ran',
        'recorded',
        'returned',
      ])
      expect(job['error']).toBeUndefined()
    },
    SLOW_MS,
  )

  it(
    'is shown to people: the answer on stdout, its way on stderr, no colours without a terminal',
    async () => {
      const shown = await sallyport('job', 'run', 'sensors/host', '--agent', 'pve1')
      expect(shown.exitCode).toBe(0)
      expect(shown.stderr).toMatch(
        /^signed by ada \(ed25519 SHA256:.{8}\) · sealed to pve1 · valid 10 min\n/,
      )
      expect(shown.stderr).toMatch(/\n {2}admitted +[\d.]+ m?s {3}13 checks\n/)
      expect(shown.stderr).toMatch(/\ndone in .*\n/)
      expect(shown.stderr).toMatch(/result signed by pve1 · job [0-9a-f]{8}…[0-9a-f]{3}\n$/)
      expect(shown.stdout).toMatch(/uptime +[\d.]+ (s|min|h|days)/)
      expect(shown.stdout + shown.stderr).not.toContain('\u001b')
      const quiet = await sallyport('job', 'run', 'sensors/host', '--agent', 'pve1', '--quiet')
      expect(quiet).toMatchObject({ exitCode: 0, stderr: '' })
    },
    SLOW_MS,
  )

  it(
    'that the manifest does not know is not even signed',
    async () => {
      const unknown = await sallyport('job', 'run', 'sensors/none', '--agent', 'pve1')
      expect(unknown).toMatchObject({ exitCode: 2, stdout: '' })
      expect(unknown.stderr).toContain('sensors/read')
      const param = await sallyport('job', 'run', 'sensors/host', '--agent', 'pve1', '-p', 'x=1')
      expect(param.stderr).toContain('ERR_PARAM')
    },
    SLOW_MS,
  )

  it(
    'that is refused ends with 3, the reason, and the refusal as a document',
    async () => {
      const refused = await sallyport('job', 'run', 'other/thing', '--agent', 'pve1', '--json')
      expect(refused).toMatchObject({ exitCode: 3, stderr: '' })
      expect(documentOf(refused)).toMatchObject({
        state: 'refused',
        result: { refusal: { reason: 'not_approved' }, verified: { signedBy: 'pve1' } },
        error: { code: 'not_approved', remedy: expect.stringContaining('plugin approve') },
      })
      const screen = await sallyport('job', 'run', 'other/thing', '--agent', 'pve1')
      expect(screen).toMatchObject({ exitCode: 3, stdout: '' })
      expect(screen.stderr).toMatch(/refused by pve1: .*\(not_approved\)/)
    },
    SLOW_MS,
  )

  it(
    'can be sent without waiting, watched, listed and shown',
    async () => {
      const sent = await json('job', 'run', 'sensors/host', '--agent', 'pve1', '--no-wait')
      expect(sent).toMatchObject({ state: 'queued', result: null })
      const { jobId } = sent['job'] as { jobId: string }

      const watched = await sallyport('job', 'watch', jobId, '--json')
      expect(watched).toMatchObject({ exitCode: 0, stderr: '' })
      const lines = watched.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, any>)
      expect(lines.at(0)).toMatchObject({ format: 'sallyport.job-event/1', jobId })
      expect(lines.at(-1)).toMatchObject({
        format: 'sallyport.job/1',
        state: 'done',
        job: { jobId },
      })

      const { jobs } = await json('job', 'list', '--limit', '2')
      expect(jobs).toMatchObject([
        { jobId, jobType: 'sensors/host', state: 'done', signedBy: 'ada', doubt: null },
        { jobType: 'other/thing', state: 'refused', reason: 'not_approved' },
      ])
      const short = `${jobId.slice(0, 8)}…${jobId.slice(-3)}`
      expect((await sallyport('job', 'list')).stdout).toContain(short)
      const shown = await sallyport('job', 'show', short)
      expect(shown.exitCode).toBe(0)
      expect(shown.stdout).toContain(jobId)
      expect(shown.stdout).toMatch(/signed +by ada, .* ago, valid until \d{4}-/)
      expect(await json('job', 'show', jobId)).toMatchObject({ state: 'done', totalMs: null })
      expect((await sallyport('job', 'show', 'ffffffff')).stderr).toContain('ERR_JOB_UNKNOWN')
    },
    SLOW_MS,
  )
})

describe('the record', () => {
  it(
    'is verified with the pinned key and against the newest head that was seen',
    async () => {
      expect(await json('audit', 'verify')).toMatchObject({
        format: 'sallyport.audit-verify/1',
        agent: { name: 'pve1' },
        keyIsPinned: true,
        holdsKnownHead: true,
      })
      const { entries } = await json('audit', 'show', '--event', 'job.refused')
      expect(entries).toMatchObject([
        { details: { reason: 'not_approved' } },
        { details: { reason: 'not_approved' } },
      ])
      expect((await sallyport('audit', 'show')).stdout).toMatch(
        /^ENTRY\s+WHEN\s+EVENT\s+JOB\s+DETAILS/,
      )
    },
    SLOW_MS,
  )

  it(
    'that was edited is found out, with the first bad entry',
    async () => {
      const copy = join(home.folder, 'copy')
      await mkdir(copy, { mode: 0o700 })
      for (const name of ['agent.json', 'keys.json', 'agent.db', 'agent.db-wal']) {
        await cp(join(home.folder, 'agent', name), join(copy, name))
      }
      alter(join(copy, 'agent.db'), 3)
      const ended = await sallyport('audit', 'verify', '--state-dir', copy, '--json')
      expect(ended.exitCode).toBe(1)
      expect(documentOf(ended)['error']).toMatchObject({
        code: 'ERR_AUDIT_BROKEN',
        details: { 'first bad entry': 3 },
      })
    },
    SLOW_MS,
  )

  it('holds no key, code or passphrase in the clear', async () => {
    const names = await readdir(home.folder, { recursive: true })
    for (const name of names.filter((each) => each !== 'passphrase')) {
      const path = join(home.folder, name)
      if (!(await stat(path)).isFile()) continue
      expect(
        (await readFile(path)).includes(
          '5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34',
        )
          ? path
          : '',
      ).toBe('')
    }
  })
})

describe('the doctor', () => {
  it(
    'looks at everything and changes nothing',
    async () => {
      const ended = await sallyport('doctor', '--json')
      const document = documentOf(ended)
      expect(document).toMatchObject({ format: 'sallyport.doctor/1', counts: { failed: 0 } })
      const checks = new Set(
        (document['findings'] as { check: string }[]).map(({ check }) => check),
      )
      expect([...checks].toSorted()).toEqual([
        'clock',
        'control-group',
        'files',
        'hub',
        'journal',
        'node',
        'operator',
        'sandbox',
        'space',
        'witness',
      ])
      expect(ended.exitCode).toBe(0)
    },
    SLOW_MS,
  )

  it(
    'ends with 1 and a remedy when something failed',
    async () => {
      const ended = await run(['doctor', '--hub', 'http://127.0.0.1:9'], { env })
      expect(ended.exitCode).toBe(1)
      expect(ended.stdout).toMatch(
        /FAILED {3}hub http:\/\/127\.0\.0\.1:9.*\(ERR_HUB_UNREACHABLE\)\n\s+start it/,
      )
      expect(ended.stdout).toMatch(/\d+ ok · \d+ warnings? · 1 failed\n$/)
    },
    SLOW_MS,
  )
})

describe('without the agent', () => {
  it(
    'a job waits, says so with 4, and is found again when the agent is back',
    async () => {
      await agent[Symbol.asyncDispose]()
      const ended = await sallyport(
        'job',
        'run',
        'sensors/host',
        '--agent',
        'pve1',
        '--timeout',
        '1s',
        '--json',
      )
      expect(ended).toMatchObject({ exitCode: 4, stderr: '' })
      const document = documentOf(ended)
      expect(document).toMatchObject({
        state: 'queued',
        result: null,
        error: { code: 'ERR_NOT_DELIVERED' },
      })
      await using _again = await startInBackground(['agent', 'start'], env)
      const watched = await sallyport('job', 'watch', document['job'].jobId as string)
      expect(watched.exitCode).toBe(0)
      expect(watched.stderr).toContain('answered')
    },
    SLOW_MS,
  )

  it(
    'a job that is left with Ctrl-C goes on, which is said with how to find it, and 5',
    async () => {
      const { PATH = '', HOME = '' } = process.env
      const args = ['job', 'run', 'sensors/host', '--agent', 'pve1', '--timeout', '60s']
      const child = spawn(PROGRAM, args, {
        env: { PATH, HOME, ...env },
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const ended = new Promise<number | null>((done) => child.once('close', (code) => done(code)))
      let said = ''
      let isLeft = false
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (!isLeft && said.includes('signed by')) {
          isLeft = true
          // A moment later it waits at the hub.
          setTimeout(() => child.kill('SIGINT'), 1_500)
        }
      })
      expect(await ended).toBe(5)
      expect(said).toMatch(
        /The job goes on without you\. Find it again:\n {2}sallyport job watch [0-9a-f-]{36}\n$/,
      )
    },
    SLOW_MS,
  )
})

/** Changes one entry of an audit log in the way of someone who can write the file. */
function alter(path: string, index: number): void {
  using database = new DatabaseSync(path)
  const triggers = database.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all()
  for (const { name } of triggers) database.exec(`DROP TRIGGER ${String(name)}`)
  const where = 'FROM audit_entries ORDER BY rowid LIMIT 1 OFFSET ?'
  const row = database.prepare(`SELECT rowid AS id, bytes ${where}`).get(index)!
  const bytes = Buffer.from(
    Buffer.from(row['bytes'] as Uint8Array)
      .toString('latin1')
      .replace('"at":"20', '"at":"19'),
    'latin1',
  )
  database.prepare('UPDATE audit_entries SET bytes = ? WHERE rowid = ?').run(bytes, row['id']!)
}
