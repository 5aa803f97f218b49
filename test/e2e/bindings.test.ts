// SPDX-License-Identifier: Apache-2.0
/** Names are bound beside a running agent, take effect with the next job, and leave no value in clear anywhere. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Result } from '@sallyport/core/protocol'
import { auditEvents } from '../support/audit.ts'
import { buildBundle } from '../support/build.ts'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'
import { sallyport, sallyportJson, temporaryFolder } from '../support/programs.ts'

const CANARY = 'canary-7be1d20c9f'

let field: Field
let agent: KnownAgent
let service: Server
let url: string
const scope = new AsyncDisposableStack()
const seen: (string | undefined)[] = []
/** Folder of the person, outside everything that is searched for values. */
let person: string

beforeAll(async () => {
  person = scope.use(await temporaryFolder()).path
  field = await Field.open()
  agent = await field.addAgent('pve1')
  await field.approve(agent, 'counter')
  const bundle = await buildBundle('e2e/plugins/bound.ts')
  expect(await field.operator.approve(agent, bundle)).toMatchObject({ state: 'done' })
  service = createServer((request, response) => {
    seen.push(request.headers['authorization'])
    response.end('someone')
  })
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', () => done()))
  url = `http://127.0.0.1:${(service.address() as { port: number }).port}`
})

afterAll(async () => {
  service.close()
  await field[Symbol.asyncDispose]()
  await scope.disposeAsync()
})

const run = (job: string, input = {}): Promise<Result> =>
  field.operator.run(agent, { jobType: `bound/${job}`, input })

/** `sallyport agent …` on the host, while its agent runs. */
const onHost = (...args: string[]): Promise<Record<string, unknown>> =>
  sallyportJson(['agent', ...args, '--state-dir', field.stateDir('pve1')], { home: field.folder })

async function secretFile(name: string, text: string): Promise<string> {
  const path = join(person, name)
  await writeFile(path, `${text}\n`, { mode: 0o600 })
  return path
}

/** Every file below a folder. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile())
}

describe('a running agent', () => {
  it('refuses a job whose names stand for nothing', async () => {
    const refused = { state: 'refused', refusal: { reason: 'not_bound' } }
    expect(await run('call')).toMatchObject({
      ...refused,
      refusal: { details: { unbound: ['endpoint api'] } },
    })
    expect(await run('measure')).toMatchObject(refused)
    expect(await run('write', { path: '@exports/a', text: '' })).toMatchObject(refused)
    expect(seen).toEqual([])
  })

  it('uses a service from the next job on, and adds the credential', async () => {
    const token = await secretFile('token', CANARY)
    const bound = await onHost('bind', 'bound', 'api', '--url', url, '--bearer-file', token)
    expect(bound).toMatchObject({ binding: { address: url, headers: ['Authorization'] } })
    const called = { state: 'done', output: { status: 200, body: 'someone' } }
    expect(await run('call')).toMatchObject(called)
    expect(seen).toEqual([`Bearer ${CANARY}`])
    const other = await secretFile('other', `other-${CANARY}`)
    await onHost('bind', 'bound', 'api', '--url', url, '--header-file', `Authorization=${other}`)
    expect(await run('call')).toMatchObject(called)
    expect(seen.at(-1)).toBe(`other-${CANARY}`)
  })

  it('reads and writes below a bound folder, under its name', async () => {
    const folder = join(person, 'exports')
    await mkdir(folder)
    await onHost('bind', 'bound', 'exports', '--folder', folder)
    const result = await run('write', { path: '@exports/a.json', text: '{}' })
    expect(result).toMatchObject({ state: 'done', output: { paths: ['@exports/a.json'] } })
    expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe('{}')
    const outside = await run('write', { path: join(folder, 'b'), text: '' })
    expect(outside).toMatchObject({ state: 'failed', failure: { code: 'ERR_HANDLE_DENIED' } })
    expect(readdirSync(folder)).toEqual(['a.json'])
  })

  it('gives a secret from standard input to the plugin that may see it', async () => {
    const args = ['agent', 'bind', 'bound', 'token', '--secret-file', '-']
    const place = ['--state-dir', field.stateDir('pve1')]
    const ended = await sallyport([...args, ...place], { home: field.folder, input: CANARY })
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).not.toContain(CANARY)
    expect(await run('measure')).toMatchObject({ output: { length: CANARY.length } })
  })

  it('has no folder of its own as a bound one', async () => {
    for (const folder of [field.stateDir('pve1'), field.folder, '/']) {
      const args = ['agent', 'bind', 'bound', 'exports', '--folder', folder]
      const place = ['--state-dir', field.stateDir('pve1')]
      const ended = await sallyport([...args, ...place], { home: field.folder })
      expect(ended).toMatchObject({ code: 2 })
      expect(ended.stderr).toContain('ERR_BINDING_FORM')
    }
  })

  it('shows what is bound, without values', async () => {
    const { bindings } = (await onHost('bindings')) as { bindings: { name: string }[] }
    expect(bindings.map(({ name }) => name)).toEqual(['api', 'exports', 'token'])
    expect(JSON.stringify(bindings)).not.toContain(CANARY)
  })

  it('leaves a value in no file, log, audit entry or argument', () => {
    const encodings = ['utf8', 'base64', 'base64url', 'hex'] as const
    const needles = encodings.map((encoding) => Buffer.from(CANARY).toString(encoding).slice(0, 16))
    const files = filesBelow(field.folder)
    expect(files.length).toBeGreaterThan(8)
    const texts = files.map((path) => [path, readFileSync(path, 'latin1')] as const)
    for (const name of ['hub', 'pve1']) {
      const { pid, output } = field.program(name)
      const { stdout, stderr } = output()
      const process = readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      texts.push([`output of ${name}`, stdout + stderr], [`arguments of ${name}`, process])
    }
    const found = texts.filter(([, text]) => needles.some((needle) => text.includes(needle)))
    expect(found.map(([path]) => path)).toEqual([])
    const changes = auditEvents(field.stateDir('pve1')).filter(
      ({ event }) => event === 'bindings.changed',
    )
    expect(changes.map(({ details }) => details)).toEqual([
      { bound: ['endpoint bound/api'], removed: [] },
      { bound: ['endpoint bound/api'], removed: [] },
      { bound: ['folder bound/exports'], removed: [] },
      { bound: ['secret bound/token'], removed: [] },
    ])
  })

  it('refuses the next job once the name is unbound', async () => {
    await onHost('unbind', 'bound', 'token')
    expect(await run('measure')).toMatchObject({ refusal: { reason: 'not_bound' } })
    expect(await run('call')).toMatchObject({ state: 'done' })
  })

  it('goes on without bindings when their file is damaged, and uses none of them', async () => {
    const path = join(field.stateDir('pve1'), 'bindings.json')
    const whole = readFileSync(path)
    writeFileSync(path, whole.subarray(0, 100))
    const calls = seen.length
    expect(await run('call')).toMatchObject({
      state: 'refused',
      refusal: {
        reason: 'not_bound',
        details: { unbound: ['endpoint api (ERR_BINDINGS_FILE)'] },
      },
    })
    expect(seen).toHaveLength(calls)
    expect(await field.countOf(agent, 'damaged')).toBe(0)
    writeFileSync(path, whole)
    expect(await run('call')).toMatchObject({ state: 'done' })
  })

  it('knows its bindings after a start, and says nothing changed', async () => {
    const count = (): number =>
      auditEvents(field.stateDir('pve1')).filter(({ event }) => event === 'bindings.changed').length
    const before = count()
    await field.end('pve1')
    await field.startAgent('pve1')
    expect(await run('call')).toMatchObject({ state: 'done' })
    expect(count()).toBe(before)
  })
})
