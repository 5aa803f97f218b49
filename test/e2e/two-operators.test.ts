// SPDX-License-Identifier: Apache-2.0
/**
 * Two operators and a customer, each on a machine of their own: a guest is removed with two signatures and the customer's,
 * from the plan to a proof that the customer verifies alone, while somebody edits the hub's database in between.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startProxmox, type StartedProxmox } from '../simulators/proxmox.ts'
import {
  ROOT,
  sallyport,
  sallyportJson,
  start,
  temporaryFolder,
  type Finished,
  type Running,
} from '../support/programs.ts'

const SLOW_MS = 240_000
const VERIFIER = join(ROOT, 'cli/verifier/sallyport-verify.mjs')
const VMID = 106

interface Document {
  readonly [member: string]: any
}

const scope = new AsyncDisposableStack()
let folder: string
let url: string
let hub: Running
let agent: Running
let pve: StartedProxmox
/** The hub's database before anything was signed. */
let older: Uint8Array
/** The removal that the three sign. */
let jobId: string
let rootFingerprint: string

type Person = 'ann' | 'ben' | 'carla'
const homeOf = (who: Person): string => join(folder, who)
const cli = (who: Person, ...args: string[]): Promise<Finished> =>
  sallyport([...args, '--hub', url, ...keysOf(who)], { home: homeOf(who) })
const json = (who: Person, ...args: string[]): Promise<Document> =>
  sallyportJson<Document>([...args, '--hub', url, ...keysOf(who)], { home: homeOf(who) })
const keysOf = (who: Person): string[] => ['--passphrase-file', join(folder, `${who}.pass`)]

const effects = (): string[] =>
  pve.ledger.filter(({ hasEffect }) => hasEffect).map(({ operation }) => operation)
const isThere = (): boolean => pve.simulator.world.guests.has(VMID)
const about = (): string[] => {
  const { node } = pve.simulator.world.guests.get(VMID)!
  return ['--agent', 'pve1', '-p', `node=${node}`, '-p', `vmid=${VMID}`]
}

/** Edits the hub's database as its administrator could, with the hub stopped, and starts it again. */
async function editHub(edit: (database: DatabaseSync) => void): Promise<void> {
  await hub.end()
  const database = new DatabaseSync(join(folder, 'hub', 'hub.db'))
  database.exec('PRAGMA foreign_keys = OFF')
  edit(database)
  database.close()
  await startHub()
}

const databasePath = (): string => join(folder, 'hub', 'hub.db')

/** Does something to the database, looks, and puts it back as it was. */
async function withDatabase(change: () => Promise<void>, look: () => Promise<void>): Promise<void> {
  await hub.end()
  const whole = readFileSync(databasePath())
  await startHub()
  try {
    await change()
    await look()
  } finally {
    await hub.end()
    writeFileSync(databasePath(), whole)
    await startHub()
  }
}

async function startHub(): Promise<void> {
  const port = url === undefined ? '0' : new URL(url).port
  const place = [
    '--data-dir',
    join(folder, 'hub'),
    '--site',
    join(homeOf('ann'), 'operator/site.json'),
  ]
  hub = await start(['hub', 'start', '--port', port, ...place], { home: folder })
  url = String(hub.ready['url'])
}

beforeAll(async () => {
  folder = scope.use(await temporaryFolder()).path
  pve = scope.use(await startProxmox({ version: '9.2' }))
  for (const who of ['ann', 'ben', 'carla'] as const) {
    await mkdir(homeOf(who))
    await writeFile(
      join(folder, `${who}.pass`),
      '5f3a9c0e7b1d42868e9f6a0c3d5b7e1924c8f0a6b2d4e6183c5a7f9e0b1d2c34\n',
      { mode: 0o600 },
    )
  }
  await json0('ann', 'init', '--name', 'ann', '--site', 'shop', '--profile', 'msp')
  await startHub()
  scope.defer(() => hub.end('SIGKILL'))
  const site = join(homeOf('ann'), 'operator/site.json')
  for (const who of ['ben', 'carla'] as const) {
    const made = await json0(who, 'init', '--join', site, '--name', who, '--hub', url)
    writeFileSync(join(folder, `${who}.id`), `${made['identity'].line}\n`)
  }
  const { code } = await json('ann', 'agent', 'code', 'pve1')
  const state = ['--state-dir', join(folder, 'pve1')]
  await sallyportJson(['agent', 'enrol', String(code), '--hub', url, ...state], { home: folder })
  const token = join(folder, 'token')
  await writeFile(token, `${pve.token.line}\n`, { mode: 0o600 })
  const service = ['--url', `${pve.url}/api2/json`, '--fingerprint', pve.fingerprint]
  const bind = ['agent', 'bind', 'proxmox', 'pve', ...service, '--pve-token-file', token]
  await sallyportJson([...bind, ...state], { home: folder })
  agent = await start(['agent', 'start', ...state], { home: folder })
  scope.defer(() => agent.end('SIGKILL'))
  const place = ['--out', folder]
  const built = await sallyportJson<Document>(
    ['plugin', 'build', join(ROOT, 'plugins/proxmox'), ...place],
    { home: homeOf('ann') },
  )
  await json0('ann', 'plugin', 'keygen', '--name', 'maker')
  await json0('ann', 'plugin', 'sign', String(built['file']))
  const only = ['guest.delete', 'guest.list', 'guest.show'].flatMap((name) => ['--only', name])
  await json('ann', 'plugin', 'approve', String(built['file']), '--agent', 'pve1', '--yes', ...only)
  pve.simulator.world.guests.get(VMID)!.status = 'stopped'
}, SLOW_MS)

afterAll(() => scope.disposeAsync())

/** Without the hub. */
const json0 = (who: Person, ...args: string[]): Promise<Document> =>
  sallyportJson<Document>([...args, ...keysOf(who)], { home: homeOf(who) })

describe('a site of two operators and a customer', () => {
  it(
    'comes to be by signed trust roots, each shown with its fingerprint first',
    async () => {
      const unasked = await cli('ann', 'trust', 'add', join(folder, 'ben.id'), '--role', 'operator')
      expect(unasked.code).toBe(2)
      await json('ann', 'trust', 'add', join(folder, 'ben.id'), '--role', 'operator', '--yes')
      const concerns = ['--concerns', `guest/${VMID}`]
      const carla = ['trust', 'add', join(folder, 'carla.id'), '--role', 'customer', ...concerns]
      await json('ann', ...carla, '--yes')
      const need = ['--operators', '2', '--customers', '1', '--yes']
      await json('ann', 'trust', 'threshold', 'proxmox/guest.*', 'destroy', ...need)
      const shown = await json('ben', 'trust', 'show')
      expect(shown['version']).toBe(4)
      rootFingerprint = String((await json('carla', 'trust', 'show'))['firstFingerprint'] ?? '')
    },
    SLOW_MS,
  )
})

describe('removing a guest', () => {
  it(
    'is planned, signed by one, and waits',
    async () => {
      const args = ['job', 'run', 'proxmox/guest.delete', ...about(), '--yes', '--valid', '1h']
      const document = await json('ann', ...args, '--no-wait')
      expect(document['state']).toBe('awaiting')
      jobId = String(document['job'].jobId ?? document['jobId'])
      expect(isThere()).toBe(true)
    },
    SLOW_MS,
  )

  it(
    'shows a colleague exactly what would be signed',
    async () => {
      const { stdout } = await cli('ben', 'job', 'review', jobId)
      expect(stdout).toContain('proxmox/guest.delete')
      expect(stdout).toMatch(/- guest 106 /)
      expect(stdout).toMatch(/ann/)
    },
    SLOW_MS,
  )

  it(
    'is not begun by the requester signing twice',
    async () => {
      const again = await cli('ann', 'job', 'sign', jobId, '--yes')
      expect(again.code).not.toBe(0)
      expect(effects()).toEqual([])
    },
    SLOW_MS,
  )

  it(
    'is not to be changed by whoever edits the hub’s database meanwhile',
    async () => {
      let kept: Record<string, unknown>[] = []
      await hub.end()
      older = readFileSync(databasePath())
      await startHub()
      await editHub((database) => {
        kept = database.prepare("SELECT * FROM postings WHERE kind = 'proposal'").all()
        database.exec(
          "UPDATE postings SET sealed = replace(sealed, 'ciphertext', 'ciphertexd') WHERE kind = 'proposal'",
        )
      })
      const altered = await cli('ben', 'job', 'sign', jobId, '--yes')
      expect(altered.code).not.toBe(0)
      await editHub((database) => {
        database.exec("DELETE FROM postings WHERE kind = 'proposal'")
      })
      const gone = await cli('ben', 'job', 'review', jobId)
      expect(gone.code).not.toBe(0)
      await editHub((database) => {
        for (const row of kept) {
          const names = Object.keys(row)
          const places = names.map(() => '?').join(', ')
          database
            .prepare(`INSERT INTO postings (${names.join(', ')}) VALUES (${places})`)
            .run(...(Object.values(row) as string[]))
        }
      })
      expect(effects()).toEqual([])
      expect(isThere()).toBe(true)
    },
    SLOW_MS,
  )

  it(
    'goes on with the second operator, and still waits for the customer',
    async () => {
      const signed = await json('ben', 'job', 'sign', jobId, '--yes', '--no-wait')
      expect(JSON.stringify(signed)).toContain('awaiting')
      expect(effects()).toEqual([])
    },
    SLOW_MS,
  )

  it(
    'happens once the customer has looked and signed, and is verified',
    async () => {
      const { stdout } = await cli('carla', 'job', 'review', jobId)
      expect(stdout).toContain('proxmox/guest.delete')
      const ended = await json('carla', 'job', 'sign', jobId, '--yes')
      expect(ended).toMatchObject({
        state: 'done',
        result: { verification: { verdict: 'verified' } },
      })
      expect(isThere()).toBe(false)
      expect(effects()).toHaveLength(1)
    },
    SLOW_MS,
  )

  it(
    'is not done again by a hub that forgets the answer, nor under another label',
    async () => {
      await editHub((database) => {
        database.prepare('DELETE FROM results WHERE envelope_id = ?').run(jobId)
        database
          .prepare("UPDATE envelopes SET state = 'queued', lease_until = 0 WHERE envelope_id = ?")
          .run(jobId)
      })
      expect(await cli('ann', 'job', 'watch', jobId)).toMatchObject({ code: 0 })
      expect(effects()).toHaveLength(1)
    },
    SLOW_MS,
  )
})

describe('what is left of it', () => {
  // A running agent would show its head again, and so mend what is edited here.
  beforeAll(() => agent.end())

  it(
    'is seen by the customer, all of it, and verified from their own machine',
    async () => {
      const verified = await json('carla', 'audit', 'verify', '--agent', 'pve1')
      expect(verified).toMatchObject({ isWhole: true, openJobs: [] })
      expect(verified['readableCount']).toBeGreaterThan(0)
      expect(verified['readableCount']).toBeLessThan(verified['entryCount'])
    },
    SLOW_MS,
  )

  it(
    'is proved to a third person who has Node and a fingerprint',
    async () => {
      const file = join(folder, 'proof.json')
      const proved = await json('carla', 'audit', 'prove', jobId, '--out', file)
      const args = [VERIFIER, file, '--root', String(proved['rootFingerprint']), '--json']
      const verdict = JSON.parse(execFileSync(process.execPath, args).toString()) as Document
      expect(verdict).toMatchObject({
        holds: true,
        need: { effect: 'destroy', operators: 2, customers: 1 },
        result: { state: 'done', verification: { verdict: 'verified' } },
      })
      const signers = (verdict['signers'] as { holder: string }[]).map(({ holder }) => holder)
      expect(signers.toSorted()).toEqual(['ann', 'ben', 'carla'])
      const text = readFileSync(file, 'utf8')
      expect(text).toContain('sallyport-proof-1')
      expect(rootFingerprint === '' || proved['rootFingerprint'] === rootFingerprint).toBe(true)
    },
    SLOW_MS,
  )

  const edits: [string, (database: DatabaseSync) => void][] = [
    [
      'what an entry says is taken away',
      (database) => {
        const row = database
          .prepare('SELECT rowid, parts FROM audit_segments ORDER BY from_index DESC')
          .get() as { rowid: number; parts: string }
        const [, ...left] = row.parts.split('\n')
        database
          .prepare('UPDATE audit_segments SET parts = ? WHERE rowid = ?')
          .run(left.join('\n'), row.rowid)
      },
    ],
    [
      'a hash is exchanged',
      (database) => {
        const row = database
          .prepare('SELECT rowid, leaf_hashes FROM audit_segments ORDER BY from_index')
          .get() as { rowid: number; leaf_hashes: string }
        const changed = row.leaf_hashes.replace(/[A-Za-z0-9]/, (c) => (c === 'A' ? 'B' : 'A'))
        database
          .prepare('UPDATE audit_segments SET leaf_hashes = ? WHERE rowid = ?')
          .run(changed, row.rowid)
      },
    ],
    [
      'the head says another size',
      (database) =>
        database.exec(
          "UPDATE agent_logs SET note = replace(note, char(10) || size || char(10), char(10) || '1' || char(10))",
        ),
    ],
  ]

  const namesTheHub = async (): Promise<void> => {
    const verified = await cli('ann', 'audit', 'verify', '--agent', 'pve1')
    expect(verified.code).not.toBe(0)
    expect(verified.stderr).toContain('the hub lies')
  }

  it.each(edits)(
    'is not to be falsified: when %s, the hub is named',
    async (_, edit) => {
      await withDatabase(() => editHub(edit), namesTheHub)
    },
    SLOW_MS,
  )

  it(
    'is not to be set back: when the hub has an older database, the hub is named',
    async () => {
      const setBack = async (): Promise<void> => {
        await hub.end()
        writeFileSync(databasePath(), older)
        await startHub()
      }
      await json('ann', 'agent', 'list')
      await withDatabase(setBack, async () => {
        await namesTheHub()
        const listed = await cli('ann', 'agent', 'list', '--json')
        expect(listed.code).toBe(3)
        const { hub: said } = JSON.parse(listed.stdout) as { hub: { faults: { what: string }[] } }
        expect(said.faults.map(({ what }) => what)).toEqual(['log'])
      })
    },
    SLOW_MS,
  )

  it(
    'is all there again when the database is what it was',
    async () => {
      const verified = await json('ben', 'audit', 'verify', '--agent', 'pve1')
      expect(verified).toMatchObject({ isWhole: true })
    },
    SLOW_MS,
  )
})
