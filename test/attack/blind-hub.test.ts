// SPDX-License-Identifier: Apache-2.0
/** A blind hub after a busy time: nothing in its database, its files and its log says a name, and everything is there for its readers. */
import { createHash, randomUUIDv7 } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { request } from 'node:http'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from '@redis/client'
import { open, revealRoot, openRoot, seal, type Identity } from '@sallyport/core/crypto'
import {
  decodeBase64url,
  documents,
  encodeBase64url,
  encodeJson,
  instantOf,
  type Job,
} from '@sallyport/core/protocol'
import { backupHub, restoreHub } from '@sallyport/hub'
import { disclosuresIn, formsOf, type Haystack } from '../support/disclosure.ts'
import { Field } from '../support/field.ts'
import { TestOperator, type KnownAgent } from '../support/operator.ts'
import { TestPostgres } from '../support/postgres.ts'
import { SiteRoot, keyOf, person, signBy } from '../support/site-root.ts'

const SLOW_MS = 240_000
const MARK = 'zqxcanary'
/** What a thief would like to read, in forms that cannot carry the mark. */
const OWN = 480_417_263
const FOREIGN = 480_417_299
const BARE = [
  '203.0.113.177',
  '2001:db8:77::c0de',
  '02:5a:51:77:c0:de',
  // Whence a stranger knocks.
  '127.66.77.88',
]
const said = (what: string): string[] => [`${MARK}-${what}`, `${MARK}-${what}.example.net`, ...BARE]
const names = {
  site: `${MARK}-site`,
  operator: `${MARK}-ann`,
  publisher: `${MARK}-maker`,
  hosts: [`${MARK}-host1`, `${MARK}-host2`],
}
const ben = person(`${MARK}-ben`)
const acme = person(`${MARK}-acme`)
/** Short ones are in everything. */
const host = hostname().length < 9 ? [] : [hostname()]
const guests = [String(OWN), String(FOREIGN)]
const whole = [names.site, names.operator, ben.name, acme.name, ...names.hosts, `guest/${OWN}`]

let field: Field
let agents: KnownAgent[]
let site: SiteRoot
let codes: string[]
let log: string
/** Every cell of every table. */
let stored: string[]
/** What nobody but its readers may find. */
let words: string[]

const inMinutes = (minutes: number): string => instantOf(Date.now() + minutes * 60_000)
const job = (agent: KnownAgent, vmid: number, changes: Partial<Job> = {}): Job =>
  field.operator.job(agent, {
    jobType: 'confidant/tell',
    input: { vmid, words: said(`about-${vmid}`) },
    ...changes,
  })
const send = async (agent: KnownAgent, sent: Job, ...by: Identity[]) => {
  const envelope = signBy(documents.job, sent, ...(by.length > 0 ? by : [field.operator.identity]))
  return field.operator.answerTo(agent, await field.operator.submit(agent, envelope, sent.jobId))
}

/** A proposal, a roster and a withdrawal, as the command line leaves them for the people of the site. */
async function postForPeople(agent: KnownAgent): Promise<void> {
  const { operator } = field
  const readers = [operator.identity, ben, acme].map(({ sealing }) =>
    encodeBase64url(sealing.publicKey),
  )
  const { siteId } = operator
  const common = { siteId, issuedAt: instantOf(Date.now()), readers }
  const proposed = job(agent, OWN)
  const roster = {
    rosterId: randomUUIDv7(),
    agents: agents.map(({ agentId, name, signingKey, sealingKey }) => {
      return { agentId, name, signingKey, sealingKey }
    }),
  }
  const why = { withdrawalId: randomUUIDv7(), about: proposed.jobId, why: `${MARK}-why` }
  const all = [
    ['proposal', proposed.jobId, operator.signAny(documents.job, proposed)],
    ['roster', null, operator.signAny(documents.roster, { ...roster, ...common })],
    ['withdrawal', proposed.jobId, operator.signAny(documents.withdrawal, { ...why, ...common })],
  ] as const
  for (const [kind, about, envelope] of all) {
    const posted = encodeJson({ envelope: encodeBase64url(envelope), approval: null })
    const sealed = await seal(posted, readers)
    const expiresAt = inMinutes(60)
    await operator.hub.addPosting({ postingId: randomUUIDv7(), kind, about, sealed, expiresAt })
  }
}

/** A schedule that is due in a moment, so that the agent reports a run of its own. */
async function schedule(agent: KnownAgent): Promise<string> {
  const { operator } = field
  const due = new Date(Date.now() + 3_000).getUTCSeconds()
  const scheduleId = randomUUIDv7()
  const signed = operator.signAny(documents.schedule, {
    scheduleId,
    siteId: operator.siteId,
    agentIds: [agent.agentId],
    readers: [agent.sealingKey, encodeBase64url(operator.identity.sealing.publicKey)],
    name: `${MARK}-nightly`,
    requestedBy: operator.identity.signing.keyId,
    cron: `${due} * * * * *`,
    timeZone: 'UTC',
    jitterSeconds: 0,
    catchUp: 'skip',
    jobType: 'confidant/tell',
    input: { vmid: OWN, words: said('nightly') },
    issuedAt: instantOf(Date.now()),
    notBefore: instantOf(Date.now()),
    expiresAt: inMinutes(60),
  })
  const taken = await operator.answerTo(agent, await operator.submit(agent, signed, scheduleId))
  return taken.state
}

/** Asks for what is not there, with names in every place where a request can have one. */
async function knock(): Promise<void> {
  const lines = [
    ['GET', `/v1/${MARK}-path?name=${MARK}-query`],
    ['GET', `/v1/envelopes/${MARK}-id?unless=${MARK}-state`],
    ['GET', `/v1/agents?cursor=${MARK}-cursor`],
    ['POST', '/v1/sessions'],
    ['POST', '/v1/enrolments'],
  ] as const
  for (const [method, path] of lines) {
    await new Promise<void>((done, fail) => {
      const headers = {
        'content-type': 'application/json',
        'user-agent': `${MARK}-program`,
        'x-forwarded-for': '203.0.113.177',
        'x-correlation-id': `${MARK}-correlation`,
        authorization: `DPoP ${MARK}-token`,
        cookie: `name=${MARK}-cookie`,
      }
      const options = { method, headers, localAddress: '127.66.77.88' }
      const asked = request(`${field.url}${path}`, options, (answer) => {
        answer.resume().on('end', done)
      })
      asked.on('error', fail)
      asked.end(method === 'POST' ? `{"proof":"${MARK}-proof"}` : undefined)
    })
  }
}

/** All entries so far of an agent's log lie at the hub. */
async function settled({ agentId }: KnownAgent): Promise<void> {
  for (let before = -1, quiet = 0; quiet < 3; await sleep(400)) {
    const { segments, head } = await field.operator.hub.readAudit(agentId)
    const size = segments.reduce((sum, { leafHashes }) => sum + leafHashes.length, 0)
    quiet = size > 0 && size === before && head?.size === size ? quiet + 1 : 0
    before = size
  }
}

beforeAll(async () => {
  const operator = new TestOperator(names)
  field = await Field.open({ operator, hubArgs: ['--log-level', 'debug'] })
  codes = [(await operator.makeCode(`${MARK}-never`)).code]
  words = [MARK, ...BARE, ...guests, ...codes, ...host]
  agents = []
  for (const name of names.hosts) agents.push(await field.addAgent(name))
  const [one, two] = agents as [KnownAgent, KnownAgent]
  for (const agent of agents) await field.approve(agent, 'confidant')
  site = new SiteRoot(operator)
  await site.change(agents, {
    keys: [
      ...site.root.keys,
      keyOf(ben, 'operator'),
      keyOf(acme, 'customer', { concerns: [`guest/${OWN}`] }),
    ],
  })
  await site.policy(one, `// ${MARK}-policy\npermit (principal, action, resource);`)
  expect(await schedule(one)).toBe('done')
  expect(await send(one, job(one, OWN))).toMatchObject({ state: 'done' })
  const others = [
    send(one, job(one, FOREIGN), ben),
    send(two, job(two, OWN)),
    send(two, job(two, FOREIGN, { jobType: 'confidant/fail' })),
    send(two, job(two, OWN, { input: { vmid: OWN, words: `${MARK}-wrong` } })),
    send(two, job(two, OWN), person(`${MARK}-eve`)),
    knock(),
    postForPeople(one),
  ]
  const [, , failed, refused, foreign] = await Promise.all(others)
  expect([failed, refused, foreign]).toMatchObject(
    ['failed', 'refused', 'refused'].map((state) => ({ state })),
  )
  await reported()
  for (const agent of agents) await settled(agent)
  stored = await cells()
  log = field.program('hub').output().stderr + field.program('hub').output().stdout
}, SLOW_MS)
afterAll(() => field[Symbol.asyncDispose]())

/** The run by schedule lies at the hub. */
async function reported(): Promise<void> {
  const kind = 'report'
  while ((await field.operator.hub.listPostings({ kind })).postings.length === 0) await sleep(200)
}

/** Every cell of every table, and every file of the hub as it lies on the disk, or all that its Redis has. */
async function stolen(): Promise<Haystack[]> {
  const { dataDir, redis } = field.hubPlace
  const names = redis === undefined ? readdirSync(dataDir) : []
  const files = names.map((name) => ({ where: name, bytes: readFileSync(join(dataDir, name)) }))
  const remembered = redis === undefined ? [] : [{ where: 'Redis', bytes: await dumpOf(redis) }]
  return [...files, ...remembered, { where: 'tables', bytes: Buffer.from(stored.join('\n')) }]
}

async function cells(): Promise<string[]> {
  const list =
    field.hubPlace.database === undefined
      ? "SELECT name FROM sqlite_master WHERE type = 'table'"
      : "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'"
  const all: string[] = []
  for (const { name } of await field.askHub(list)) {
    const rows = await field.askHub(`SELECT * FROM "${String(name)}"`)
    all.push(...rows.flatMap((row) => Object.values(row).map(textOf)))
  }
  return all
}

async function dumpOf(url: string): Promise<Buffer> {
  const client = createClient({ url })
  await client.connect()
  const keys = await client.keys('*')
  const values = await Promise.all(keys.map((key) => client.get(key)))
  client.destroy()
  return Buffer.from([...keys, ...values].join('\n'))
}

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value)
}

/** Everything sealed that lies in the tables. */
function sealedTexts(): string[] {
  return stored
    .flatMap((cell) => cell.split('\n'))
    .filter((line) => line.startsWith('{') && line.includes('"recipients"'))
}

/** What these keys open, with what is encoded within it. */
async function readBy({ sealing }: Identity): Promise<{ text: string; closedCount: number }> {
  let text = ''
  let closedCount = 0
  for (const sealed of sealedTexts()) {
    const bytes = await open(sealed, sealing, 8_000_000).catch(() => undefined)
    if (bytes === undefined) closedCount += 1
    else text += readable(Buffer.from(bytes).toString())
  }
  return { text, closedCount }
}

function readable(text: string, depth = 3): string {
  const inner = depth === 0 ? [] : (text.match(/[A-Za-z0-9_-]{40,}/g) ?? [])
  return [
    text,
    ...inner.map((each) => readable(Buffer.from(each, 'base64url').toString(), depth - 1)),
  ].join('\n')
}

describe('the search', () => {
  it.each(formsOf(`${MARK}-Host9`).map(({ form, needle }) => [form, needle] as const))(
    'finds a word that is %s: %#',
    (_, needle) => {
      const bytes = Buffer.from(`xx ${needle} xx`, 'latin1')
      expect(disclosuresIn([{ where: 'here', bytes }], [`${MARK}-Host9`])).not.toEqual([])
    },
  )

  it('finds a word in a payload in an envelope in a column, and the plain hash of a name', () => {
    const inner = Buffer.from(`{"holder":"${MARK}"}`).toString('base64url')
    const outer = Buffer.from(`{"payload":"${inner}"}`).toString('base64url')
    const at = (text: string) => [{ where: 'here', bytes: Buffer.from(`(${text})`) }]
    expect(disclosuresIn(at(outer), [MARK])).not.toEqual([])
    for (const encoding of ['hex', 'base64url'] as const) {
      const hash = createHash('sha256').update(MARK).digest(encoding)
      expect(disclosuresIn(at(hash), [MARK])).not.toEqual([])
      expect(disclosuresIn(at(hash), ['another'])).toEqual([])
    }
  })
})

describe('a hub after a busy time', () => {
  it('has no name, address, guest, parameter or result in its database, its files and its log', async () => {
    const all = [...(await stolen()), { where: 'log', bytes: Buffer.from(log) }]
    expect(disclosuresIn(all, words, whole)).toEqual([])
    expect(log.split('\n').length).toBeGreaterThan(100)
    expect(log).toContain('"hub.started"')
  })

  it(
    'has none of it in a backup, nor in a PostgreSQL that was made of it',
    async () => {
      await using postgres = await TestPostgres.start()
      const backup = join(field.folder, 'hub.backup')
      await backupHub(field.hubPlace, backup)
      const database = await postgres.createDatabase()
      await restoreHub({ dataDir: join(field.folder, 'elsewhere'), database }, backup)
      const dump = join(postgres.folder, 'dump.sql')
      await postgres.run('pg_dump', ['--file', dump, '--dbname', database])
      const all = [
        { where: 'backup', bytes: gunzipSync(readFileSync(backup)) },
        { where: 'PostgreSQL', bytes: readFileSync(dump) },
      ]
      expect(disclosuresIn(all, words, whole)).toEqual([])
      for (const { bytes } of all) expect(bytes.length).toBeGreaterThan(100_000)
    },
    SLOW_MS,
  )

  it('has all of it for the operator', async () => {
    const { text, closedCount } = await readBy(field.operator.identity)
    const told = ['about', 'nightly', 'why', 'policy', 'host1', 'host2', 'ben', 'eve', 'maker']
    const missing = told.filter((word) => !text.includes(`${MARK}-${word}`))
    // A stranger's name was never known to anybody; of a root the names are under the key that is sealed in it.
    expect(missing).toEqual(['eve'])
    const bare = [...BARE, ...guests, ...host]
    expect(bare.filter((word) => !text.includes(word))).toEqual([])
    // Indices of what is shown to others are sealed to them alone.
    expect(closedCount).toBeLessThan(sealedTexts().length / 2)
  })

  it('cannot tell from a hash what happened: each entry has a salt of its own', async () => {
    const { text } = await readBy(field.operator.identity)
    const lines = text.match(/^\{.*"event":.*"salt":"[\w-]{22}"\}/gm) ?? []
    const salts = new Map(lines.map((line) => [line.slice(-24, -2), line]))
    expect(lines.length).toBeGreaterThan(20)
    expect(new Set(lines).size).toBe(salts.size)
    expect(text.match(/^\{"(about|at)":.*"event":/gm)).toHaveLength(lines.length)
  })

  it('has for a customer what is theirs, and nothing of another guest', async () => {
    const { text } = await readBy(acme)
    const theirs = [`${MARK}-about-${OWN}`, `guest/${OWN}`, `${MARK}-why`, `${MARK}-nightly`]
    expect(theirs.filter((word) => !text.includes(word))).toEqual([])
    const others = [String(FOREIGN), `${MARK}-policy`, ...host]
    expect(others.filter((word) => text.includes(word))).toEqual([])
  })

  it('shows the names of its trust roots to whoever has the name key', async () => {
    const roots = await field.operator.hub.readTrustRoots()
    const newest = openRoot(decodeBase64url(roots.at(-1)!))
    const { root } = revealRoot(newest, field.operator.founded.nameKey)
    expect(root).toEqual(site.root)
    expect(root.siteName).toBe(names.site)
  })
})
