// SPDX-License-Identifier: Apache-2.0
/**
 * The audit log under attack, by command line: an operator, a customer whose guest is 101, one agent. What was done is asked
 * for, exported and proved; then the log is altered on the host and at the hub.
 */
import { execFileSync } from 'node:child_process'
import { randomUUIDv7 } from 'node:crypto'
import { cpSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeIdentity, seal, signDocument, unlockKeys, type Identity } from '@sallyport/core/crypto'
import { documents, encodeBase64url, instantOf } from '@sallyport/core/protocol'
import { openHubClient, type HubClient } from '@sallyport/core/transport'
import { Secret } from '@sallyport/sdk'
import { makeKey } from '../../core/test/plugins/broker/ssh/sshd.ts'
import { auditEvents } from '../support/audit.ts'
import { buildBundle } from '../support/build.ts'
import { patient } from '../support/patience.ts'
import {
  sallyport,
  sallyportJson,
  start,
  temporaryFolder,
  type Finished,
  type Running,
} from '../support/programs.ts'
import { startHttp } from '../support/services.ts'

const SLOW_MS = 240_000
const JOB_COUNT = 100
/** Of a credential, of a secret that the plugin may see, of an input. */
const CANARIES = ['canary-bearer-1f7a', 'canary-secret-93bd', 'canary-input-c04e']

interface Document {
  readonly [member: string]: any
}
interface Entry {
  readonly index: number
  readonly event: string
  readonly jobId?: string
  readonly envelopeId?: string
  readonly about?: string[]
  readonly details: Record<string, unknown>
}

const scope = new AsyncDisposableStack()
let folder: string
let url: string
let hub: Running
let agent: Running
let agentId: string
let loudJob: string
let ann: Identity
let client: HubClient
let siteId: string
let readers: string[]

const place = (...names: string[]): string => join(folder, ...names)
const keysOf = (who: string): string[] => ['--passphrase-file', place(`${who}.pass`)]
const cli = (who: string, ...args: string[]): Promise<Finished> =>
  sallyport([...args, ...keysOf(who)], { home: place(who) })
const json = (who: string, ...args: string[]): Promise<Document> =>
  sallyportJson<Document>([...args, ...keysOf(who)], { home: place(who) })
/** On the host, where nobody has keys. */
const onHost = (...args: string[]): Promise<Finished> =>
  sallyport([...args, '--state-dir', place('pve1')], { home: folder })
const query = async (...args: string[]): Promise<Entry[]> => {
  const { stdout } = await onHost('audit', 'query', ...args, '--json')
  return (JSON.parse(stdout) as { entries: Entry[] }).entries
}
const theirs = async (who: string, ...args: string[]): Promise<Entry[]> =>
  (await json(who, 'audit', 'query', '--agent', 'pve1', ...args))['entries'] as Entry[]

/** Signs a job as ann and leaves it at the hub; returns its id. */
async function submit(
  name: string,
  vmid: number,
  more: Record<string, string> = {},
): Promise<string> {
  const jobId = randomUUIDv7()
  const [now, then] = [Date.now(), Date.now() + 600_000].map(instantOf) as [string, string]
  const job = {
    jobId,
    siteId,
    agentId,
    jobType: `audited/${name}`,
    input: { vmid, ...more },
    requestedBy: ann.signing.keyId,
    step: 'run' as const,
    plan: null,
    issuedAt: now,
    notBefore: now,
    expiresAt: then,
    readers,
  }
  const sealed = await seal(signDocument(documents.job, job, ann.signing), readers)
  await client.submitEnvelope({ envelopeId: jobId, agentId, sealed, expiresAt: then })
  return jobId
}

const entriesOf = (id: string) =>
  auditEvents(place('pve1')).filter(({ envelopeId }) => envelopeId === id)

/** Waits until a job has its end. */
async function ended(id: string): Promise<string> {
  await eventually(() => {
    expect(entriesOf(id).at(-1)?.event).toMatch(/^(run\.(finished|failed)|job\.refused)$/)
  })
  return id
}

async function startHub(): Promise<void> {
  const port = url === undefined ? '0' : new URL(url).port
  const site = ['--site', place('ann', 'operator', 'site.json')]
  const args = ['hub', 'start', '--port', port, '--data-dir', place('hub'), ...site]
  hub = await start(args, { home: folder })
  url = String(hub.ready['url'])
}

async function startAgent(): Promise<void> {
  agent = await start(['agent', 'start', '--state-dir', place('pve1')], { home: folder })
}

async function privateFile(name: string, text: string): Promise<string> {
  await writeFile(place(name), `${text}\n`, { mode: 0o600 })
  return place(name)
}

beforeAll(async () => {
  folder = scope.use(await temporaryFolder()).path
  for (const who of ['ann', 'carla']) {
    await mkdir(place(who))
    await privateFile(
      `${who}.pass`,
      '5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34',
    )
  }
  await json('ann', 'init', '--name', 'ann', '--site', 'shop')
  await startHub()
  scope.defer(() => hub.end('SIGKILL'))
  const site = place('ann', 'operator', 'site.json')
  const settings = place('ann', 'operator', 'settings.json')
  const known = JSON.parse(readFileSync(settings, 'utf8')) as object
  writeFileSync(settings, JSON.stringify({ ...known, hub: url }))
  const made = await json('carla', 'init', '--join', site, '--name', 'carla', '--hub', url)
  writeFileSync(place('carla.id'), `${made['identity'].line}\n`)
  const customer = ['--role', 'customer', '--concerns', 'guest/101', '--yes']
  await json('ann', 'trust', 'add', place('carla.id'), ...customer)
  const code = await json('ann', 'agent', 'code', 'pve1')
  agentId = code['agent'].agentId
  const enrolled = await onHost('agent', 'enrol', String(code['code']), '--hub', url)
  expect(enrolled.code).toBe(0)
  await startAgent()
  scope.defer(() => agent.end('SIGKILL'))
  await approve()
  await bindAll()
  await openAnn()
  await act()
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

async function approve(): Promise<void> {
  writeFileSync(place('audited-1.0.0.spb'), await buildBundle('attack/plugins/audited.ts'))
  await json('ann', 'plugin', 'keygen', '--name', 'maker')
  await json('ann', 'plugin', 'sign', place('audited-1.0.0.spb'))
  await json('ann', 'agent', 'list')
  await json('ann', 'plugin', 'approve', place('audited-1.0.0.spb'), '--agent', 'pve1', '--yes')
}

async function bindAll(): Promise<void> {
  const api = scope.use(await startHttp((_, response) => response.end('fine')))
  const key = makeKey(folder, 'key')
  const hosts = await privateFile('hosts', `[127.0.0.1]:9 ${key.line.split(' ', 2).join(' ')}`)
  const bearer = await privateFile('bearer', CANARIES[0]!)
  const word = await privateFile('word', CANARIES[1]!)
  for (const args of [
    ['api', '--url', `http://127.0.0.1:${api.port}`, '--bearer-file', bearer],
    ['word', '--secret-file', word],
    ['nas', '--ssh', 'nobody@127.0.0.1:9', '--host-key', hosts, '--key-file', key.path],
  ]) {
    const bound = await onHost('agent', 'bind', 'audited', ...args)
    expect(bound).toMatchObject({ code: 0 })
  }
}

/** Ann's keys, used from here. */
async function openAnn(): Promise<void> {
  const box = readFileSync(place('ann', 'operator', 'keys.json'))
  ann = makeIdentity(
    'ann',
    unlockKeys(box, new Secret('5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34'))
      .plaintext,
  )
  client = scope.use(openHubClient({ url, key: ann.signing, clock: { now: () => Date.now() } }))
  const site = await json('ann', 'trust', 'show')
  siteId = String(site['site'].siteId)
  const path = place('ann', 'operator', 'agents', `${agentId}.json`)
  const { identity } = JSON.parse(readFileSync(path, 'utf8')) as Document
  readers = [String(identity.sealingKey), encodeBase64url(ann.sealing.publicKey)]
}

/** What there is to be asked about. */
async function act(): Promise<void> {
  await ended(await submit('touch', 101, { note: CANARIES[2]! }))
  await ended(await submit('touch', 102))
  await ended(await submit('seldom', 101))
  await ended(await submit('seldom', 101))
  loudJob = await ended(await submit('shout', 101))
  await ended(await submit('login', 101))
  await ended(await submit('stray', 101))
}

/** Tries again until it holds. */
async function eventually(
  holds: () => void | Promise<void>,
  waitMs = patient(20_000),
): Promise<void> {
  const deadline = Date.now() + waitMs
  for (;;) {
    try {
      return await holds()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(250)
    }
  }
}

/** Waits until the hub has all of the log. */
async function untilShown(): Promise<void> {
  await eventually(async () => {
    const { entryCount } = await json('ann', 'audit', 'verify', '--agent', 'pve1')
    expect(entryCount).toBe(auditEvents(place('pve1')).length)
  })
}

describe('a hundred jobs at once', () => {
  it(
    'leave a log without a gap, and each its own beginning and end',
    async () => {
      const all = Array.from({ length: JOB_COUNT }, (_, n) => submit('touch', 200 + (n % 7)))
      const ids = await Promise.all(all)
      const mine = () => auditEvents(place('pve1')).filter(({ jobId = '' }) => ids.includes(jobId))
      await eventually(() => {
        expect(mine().filter(({ event }) => event === 'run.finished')).toHaveLength(JOB_COUNT)
      }, 60_000)
      const entries = auditEvents(place('pve1'))
      expect(entries.map(({ index }) => index)).toEqual(entries.map((_, at) => at))
      for (const id of ids) {
        const events = mine().flatMap(({ jobId, event }) => (jobId === id ? [event] : []))
        expect(events).toEqual(['job.admitted', 'handle.used', 'handle.used', 'run.finished'])
      }
      expect((await onHost('audit', 'verify')).code).toBe(0)
    },
    SLOW_MS,
  )
})

describe('the four questions', () => {
  it('are answered: the last hour', async () => {
    const jobs = await query('--event', 'job.admitted', '--since', '1h')
    expect(jobs).toHaveLength(JOB_COUNT + 6)
    expect(await query('--event', 'job.admitted', '--until', '1h')).toEqual([])
  })

  it('are answered: failed SSH', async () => {
    const failed = await query('--ssh-failed')
    expect(failed).toMatchObject([
      {
        event: 'handle.used',
        details: { kind: 'ssh', outcome: 'failed', handle: 'nas', targets: ['nas'] },
      },
    ])
  })

  it('are answered: limits', async () => {
    expect(await query('--limits')).toMatchObject([
      { event: 'job.refused', about: ['guest/101'], details: { reason: 'rate_limited' } },
    ])
  })

  it('are answered: all of one job', async () => {
    const entries = await query('--job', loudJob)
    expect(entries.map(({ event }) => event)).toEqual(['job.admitted', 'run.failed'])
    expect(entries.every(({ envelopeId }) => envelopeId === loudJob)).toBe(true)
  })
})

describe('a customer', () => {
  it(
    'sees every refusal and denial about what is theirs, and nothing about others',
    async () => {
      await untilShown()
      const refused = await theirs('carla', '--refused')
      expect(refused).toMatchObject([{ about: ['guest/101'], details: { reason: 'rate_limited' } }])
      const denied = await theirs('carla', '--denied')
      expect(denied).toMatchObject([{ event: 'handle.denied', about: ['guest/101'] }])
      const all = await theirs('carla')
      const host = auditEvents(place('pve1'))
      const own = host.filter(({ about }) => about === undefined || about.includes('guest/101'))
      // The newest may not have been shown to the hub yet.
      const shown = own.slice(0, all.length)
      expect(all.map(({ index }) => index)).toEqual(shown.map(({ index }) => index))
      expect(own.length - all.length).toBeLessThan(3)
      expect(all.length).toBeLessThan(host.length)
    },
    SLOW_MS,
  )
})

describe('what somebody wants others to read', () => {
  it.each(['jsonl', 'csv', 'journal', 'syslog'])(
    'is one record in an export as %s, and moves nothing',
    async (format) => {
      const file = place(`loud.${format}`)
      const args = ['audit', 'export', '--format', format, '--job', loudJob, '--out', file]
      expect((await onHost(...args)).code).toBe(0)
      const text = readFileSync(file, 'utf8')
      expect(text).toContain('ERR_LOUD')
      expect(text).not.toMatch(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e]/)
      const marks = { jsonl: /^\{"agent"/gm, csv: /^20/gm, journal: /^EVENT=/gm, syslog: /^<1/gm }
      const found = text.match(marks[format as keyof typeof marks])
      expect(found).toHaveLength(2)
    },
    SLOW_MS,
  )

  it('is harmless on a terminal', async () => {
    const { stdout } = await onHost('audit', 'show', '--job', loudJob)
    expect(stdout).toContain('\\u{1b}[2J')
    expect(stdout.split('\n').filter((line) => /^\s*\d/.test(line))).toHaveLength(2)
    expect(stdout).not.toMatch(/[\u001b\r\u2028\u202e]/)
  })
})

describe('an incident', () => {
  it(
    'is saved whole, and verified by whoever has Node and the fingerprint',
    async () => {
      const out = place('incident')
      const made = await json('ann', 'incident', 'export', '--days', '7', '--out', out)
      const { rootFingerprint } = made as unknown as { rootFingerprint: string }
      expect(made['agents']).toMatchObject([
        { agent: 'pve1', proofCount: JOB_COUNT + 7, faults: [] },
      ])
      const verify = (file: string): Document => {
        const args = ['sallyport-verify.mjs', file, '--root', rootFingerprint, '--json']
        return JSON.parse(execFileSync(process.execPath, args, { cwd: out }).toString()) as Document
      }
      const { log } = verify('agents/pve1/log.json')
      expect(log.entries).toHaveLength(log.size)
      const lines = readFileSync(join(out, 'agents/pve1/entries.jsonl'), 'utf8').trimEnd()
      expect(lines.split('\n')).toHaveLength(log.size)
      expect(verify(`agents/pve1/proofs/${loudJob}.json`)).toMatchObject({
        holds: true,
        result: { state: 'failed' },
      })
      const summary = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as Document
      const [{ unusual, withoutProof }] = summary['agents']
      expect(withoutProof).toEqual([])
      expect(unusual).toMatchObject({
        refusals: [{ what: 'job.refused rate_limited', count: 1 }],
        denied: [{ count: 1 }],
        sshFailed: [{ count: 1 }],
        signers: [{ holder: 'ann', isNew: true }],
      })
      const again = await cli('ann', 'incident', 'export', '--out', out)
      expect(again).toMatchObject({ code: 2 })
      expect(statSync(out).mode & 0o077).toBe(0)
    },
    SLOW_MS,
  )

  it('has no secret in it, nor has any log, entry or copy', () => {
    const below = (path: string): string[] =>
      readdirSync(path, { recursive: true })
        .map((name) => join(path, String(name)))
        .filter((each) => statSync(each).isFile())
    const proofs = (path: string) => path.includes('/proofs/')
    const files = [...below(place('incident')), ...below(place('pve1')), ...below(place('hub'))]
    const texts = files.filter((path) => !proofs(path)).map((path) => readFileSync(path, 'latin1'))
    texts.push(...[hub, agent].map((each) => each.output().stdout + each.output().stderr))
    texts.push(...auditEvents(place('pve1')).map((entry) => JSON.stringify(entry)))
    for (const canary of CANARIES.slice(0, 2)) {
      for (const encoding of ['utf8', 'base64', 'hex'] as const) {
        const needle = Buffer.from(canary).toString(encoding).slice(0, 20)
        expect(texts.filter((text) => text.includes(needle))).toEqual([])
      }
    }
    // The input is in the signed job, which the journal keeps; no entry says it.
    expect(JSON.stringify(auditEvents(place('pve1')))).not.toContain(CANARIES[2]!)
  })
})

describe('a log that was altered on its host', () => {
  const alter = async (name: string, edit: (database: DatabaseSync) => void): Promise<string> => {
    const copy = place(name)
    cpSync(place('pve1'), copy, { recursive: true })
    const database = new DatabaseSync(join(copy, 'agent.db'))
    database.exec('PRAGMA ignore_check_constraints = ON')
    for (const trigger of ['stand', 'stay', 'have_no_gaps'])
      database.exec(`DROP TRIGGER audit_entries_${trigger}`)
    edit(database)
    database.close()
    const args = ['audit', 'verify', '--state-dir', copy]
    const ended = await sallyport(args, { home: folder })
    expect(ended.code).toBe(1)
    return ended.stderr
  }

  it('is quiet before that, while it is copied', async () => {
    await agent.end()
    expect((await onHost('audit', 'verify')).code).toBe(0)
  })

  it.each<[string, number, (database: DatabaseSync) => void]>([
    [
      'one byte of an entry is another',
      7,
      (database) => {
        const { bytes } = database
          .prepare('SELECT bytes FROM audit_entries WHERE idx = 7')
          .get() as { bytes: Uint8Array }
        bytes[bytes.length - 3]! ^= 1
        database.prepare('UPDATE audit_entries SET bytes = ? WHERE idx = 7').run(bytes)
      },
    ],
    [
      'an entry is removed',
      9,
      (database) => database.exec('DELETE FROM audit_entries WHERE idx = 9'),
    ],
    [
      'an entry is removed and the others closed up',
      9,
      (database) => {
        database.exec('DELETE FROM audit_entries WHERE idx = 9')
        database.exec('UPDATE audit_entries SET idx = -idx WHERE idx > 9')
        database.exec('UPDATE audit_entries SET idx = -idx - 1 WHERE idx < 0')
      },
    ],
    [
      'an entry is there twice',
      6,
      (database) => {
        database.exec(
          'UPDATE audit_entries SET (bytes, leaf_hash) = (SELECT bytes, leaf_hash FROM audit_entries WHERE idx = 5) WHERE idx = 6',
        )
      },
    ],
    [
      'two entries are swapped',
      5,
      (database) => {
        database.exec('UPDATE audit_entries SET idx = -1 WHERE idx = 5')
        database.exec('UPDATE audit_entries SET idx = 5 WHERE idx = 6')
        database.exec('UPDATE audit_entries SET idx = 6 WHERE idx = -1')
      },
    ],
    [
      'an entry is put in between',
      4,
      (database) => {
        database.exec('UPDATE audit_entries SET idx = -idx WHERE idx >= 4')
        database.exec('UPDATE audit_entries SET idx = -idx + 1 WHERE idx < 0')
        database.exec(
          'INSERT INTO audit_entries (idx, bytes, leaf_hash) SELECT 4, bytes, leaf_hash FROM audit_entries WHERE idx = 3',
        )
      },
    ],
  ])(
    'is found out: %s',
    async (what, index, edit) => {
      const said = await alter(`copy-${what.replaceAll(' ', '-')}`, edit)
      expect(said).toContain('ERR_AUDIT_BROKEN')
      const [, first, latest] = /first bad entry\s+(\d+)(?:\s+at the latest\s+(\d+))?/.exec(said)!
      expect(Number(latest ?? first)).toBe(index)
      expect(index - Number(first)).toBeLessThan(8)
    },
    SLOW_MS,
  )

  it(
    'at the hub is another matter: the hub is named, and the log on the host holds',
    async () => {
      await hub.end()
      const database = new DatabaseSync(place('hub', 'hub.db'))
      const rows = database
        .prepare('SELECT rowid, leaf_hashes FROM audit_segments ORDER BY from_index')
        .all() as { rowid: number; leaf_hashes: string }[]
      const { rowid, leaf_hashes } = rows.at(-1)!
      const other = leaf_hashes.replace(/[A-Za-z]/, (c) => (c === 'A' ? 'B' : 'A'))
      database
        .prepare('UPDATE audit_segments SET leaf_hashes = ? WHERE rowid = ?')
        .run(other, rowid)
      database.close()
      await startHub()
      for (const who of ['ann', 'carla']) {
        const ended = await cli(who, 'audit', 'query', '--agent', 'pve1', '--refused')
        expect(ended).toMatchObject({ code: 1, stdout: '' })
        expect(ended.stderr).toContain('the hub lies')
      }
      const out = place('incident-2')
      const saved = await json('ann', 'incident', 'export', '--out', out)
      expect(saved['agents']).toMatchObject([{ agent: 'pve1', faults: [{ liar: 'hub' }] }])
      expect((await onHost('audit', 'verify')).code).toBe(0)
    },
    SLOW_MS,
  )
})
