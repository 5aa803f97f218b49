// SPDX-License-Identifier: Apache-2.0
/** The steps of a job in the real sandbox: their order, what each gets, and that only `run` changes anything. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ask, connect, endpoint, exec, files, secret, ssh, state } from '@sallyport/sdk'
import { Secret, type Permissions } from '@sallyport/sdk'
import { CrashBackOff } from '../../src/plugins/crash-back-off.ts'
import type { KeptByRun } from '../../src/plugins/ports.ts'
import { codeOf, hostForTest, pluginOf, type HostForTest, type JobText } from './support.ts'

const PVE = endpoint('pve', [
  'GET /endless',
  'GET /x',
  'HEAD /x',
  'POST /x',
  'PUT /x',
  'PATCH /x',
  'DELETE /x',
])
const LOOKING = ['plan', 'resume', 'verify'] as const
const RESUME: KeptByRun = { plan: { from: 1 }, value: { upid: 'x' } }
const caught = `const caught = async (attempt) => {
  try { return { got: await attempt() } } catch (error) { return { code: error.code, message: error.message } } }`

let test: HostForTest
let service: Server
const seen: string[] = []

beforeAll(async () => {
  service = createServer(({ method, url }, response) => {
    seen.push(`${method} ${url}`)
    if (url !== '/endless') return void response.end('{}')
    response.on('close', () => seen.push('closed')).write('one')
  })
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', done))
  const { port } = service.address() as AddressInfo
  const pve = {
    kind: 'endpoint',
    url: `http://127.0.0.1:${port}`,
    pin: { by: 'none' },
    headers: {},
  }
  const word = { kind: 'secret', value: new Secret('word') }
  const address = { host: '127.0.0.1', port }
  const bound = { pve, word, tcp: { kind: 'connect', address } } as Record<string, unknown>
  test = await hostForTest({
    bindings: { find: (_, name) => bound[name] as never },
    backOff: new CrashBackOff({ firstMs: 0, longestMs: 0 }),
  })
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
  await new Promise((done) => service.close(done))
})

/** Runs a job of these steps. In a job that is resumed, `run` says so and must never be heard. */
function make(job: Partial<JobText>, options: { resume?: KeptByRun; kept?: KeptByRun[] } = {}) {
  const { resume, kept } = options
  const body = job.body ?? `return { said: 'ran', plan }`
  return test.run(
    pluginOf({ name: 'steps', top: caught, jobs: { go: { ...job, body } } }),
    'go',
    {},
    {
      ...(resume && { resume }),
      ...(kept && { onKeep: (each: KeptByRun) => void kept.push(each) }),
    },
  )
}

describe('the steps of a job', () => {
  it('are plan, run and verify, each with what those before it gave', async () => {
    const outcome = await make({
      plan: `return { changes: [], state: { step: 'plan', plan, output, kept } }`,
      body: `return { said: plan }`,
      verify: `return { verdict: 'verified', message: JSON.stringify({ plan, output, kept }) }`,
    })
    const made = { changes: [], state: { step: 'plan' } }
    const message = JSON.stringify({ plan: made, output: { said: made } })
    expect(outcome).toMatchObject({
      state: 'done',
      output: { said: made },
      verification: { verdict: 'verified', message },
    })
  })

  it('are resume and verify in a job that is taken up again: it is neither planned nor run', async () => {
    const outcome = await make(
      {
        plan: `throw new Error('planned anew')`,
        body: `await use.pve.request({ method: 'POST', path: '/x' })`,
        resume: `return { plan, kept }`,
        verify: `return { verdict: 'contradicted', message: JSON.stringify(plan) }`,
        permissions: { pve: PVE },
      },
      { resume: RESUME },
    )
    expect(outcome).toMatchObject({
      state: 'done',
      output: { plan: { from: 1 }, kept: { upid: 'x' } },
      verification: { verdict: 'contradicted', message: '{"from":1}' },
    })
    expect(seen).toEqual([])
  })

  it('have one deadline together', async () => {
    const wait = 'await new Promise((done) => setTimeout(done, 600))'
    const plan = `${wait}; return { changes: [], state: 1 }`
    const job = { plan, body: `${wait}; return {}`, limits: { timeoutMs: 1_000 } }
    expect(codeOf(await make(job))).toBe('ERR_RUN_TIMEOUT')
  })

  it('end with the one that fails', async () => {
    const plan = `throw Object.assign(new Error('no guest'), { code: 'ERR_PVE_NO_GUEST' })`
    const outcome = await make({
      plan,
      permissions: { pve: PVE },
      body: `await use.pve.request({ method: 'POST', path: '/x' })`,
    })
    expect(outcome).toMatchObject({ failure: { code: 'ERR_PVE_NO_GUEST' }, handlesUsed: [] })
    expect(seen).toEqual([])
  })

  it('take a plan of JSON within its bound and no other', async () => {
    const planning = async (state: string) =>
      codeOf(await make({ plan: `return { changes: [], state: ${state} }` }))
    const bytes = 49_152 - '{"changes":[],"state":""}'.length
    expect(codeOf(await make({ plan: `return () => 1` }))).toBe('ERR_OUTPUT_FORM')
    expect(await planning(`'x'.repeat(${bytes + 1})`)).toBe('ERR_OUTPUT_LIMIT')
    expect(await planning(`'x'.repeat(${bytes})`)).toBe('done')
  })

  it('close what the one before left open', async () => {
    const outcome = await make({
      permissions: { pve: PVE },
      plan: `const { streamId } = await use.pve.open({ method: 'GET', path: '/endless' })
        return { changes: [], state: streamId }`,
      body: `const read = await caught(() => use.pve.read(plan.state))
        await new Promise((done) => setTimeout(done, 500))
        await use.pve.request({ method: 'GET', path: '/x' })
        return read`,
    })
    expect(outcome).toMatchObject({ output: { code: 'ERR_ARGUMENT_FORM' } })
    expect(seen).toEqual(['GET /endless', 'closed', 'GET /x'])
    seen.length = 0
  })
})

describe('a second look', () => {
  it.each([
    ['throws', `throw Object.assign(new Error('away'), { code: 'ERR_AWAY' })`, 'ERR_AWAY: away'],
    ['takes too long', 'await new Promise(() => undefined)', 'ERR_RUN_TIMEOUT: '],
    ['returns no verdict', `return { verdict: 'fine', message: '' }`, 'ERR_OUTPUT_FORM: '],
    ['returns nothing', 'return undefined', 'ERR_OUTPUT_FORM: '],
    ['ends the process', 'process.exit(1)', 'ERR_PLUGIN_CRASHED: '],
  ])('that %s is inconclusive, and the job is done', async (_, verify, begin) => {
    const outcome = await make({ verify, limits: { timeoutMs: 4_000 } })
    expect(outcome).toMatchObject({
      state: 'done',
      output: { said: 'ran' },
      verification: { verdict: 'inconclusive', message: expect.stringContaining(begin) },
    })
  })

  it('says one bounded line', async () => {
    const verify = `return { verdict: 'verified', message: 'a\\n\\u001b[31m' + 'x'.repeat(4_000), more: 1 }`
    const outcome = await make({ verify })
    const { message } = (outcome as { verification: { message: string } }).verification
    expect(message).toMatch(/^a  \[31mx+$/)
    expect(message).toHaveLength(1_024)
  })
})

const EVERYTHING: Permissions = {
  pve: PVE,
  others: ask(['other/go']),
  tcp: connect('tcp'),
  tool: exec('/bin/true', []),
  proc: files.read('/proc/uptime'),
  out: files.write(['@out/x'], { maxBytes: 10 }),
  word: secret('word'),
  nas: ssh('nas'),
  own: state({ maxBytes: 1_000 }),
}

/** Attempts to change something, and to reach what may change something, by handle. */
const CHANGES = [
  ...['POST', 'PUT', 'PATCH', 'DELETE', 'post', 'Get'].flatMap((method) => [
    `use.pve.request({ method: '${method}', path: '/x' })`,
    `use.pve.open({ method: '${method}', path: '/x' })`,
  ]),
  `use.pve.request({ method: ['GET'], path: '/x' })`,
  `use.pve.request()`,
  `use.others.run('other/go', {})`,
  `use.tcp.open()`,
  `use.tool.run([])`,
  `use.out.write('@out/x', 'x')`,
  `use.out.remove('@out/x')`,
  `use.nas.open()`,
  `use.nas.identity()`,
  `use.own.set('k', 'v')`,
  `use.own.delete('k')`,
]

/** How each step tells what it found. */
const ANSWERS = {
  plan: 'return { changes: [], state: results }',
  resume: 'return results',
  verify: `return { verdict: 'verified', message: JSON.stringify(results) }`,
}

describe.each(LOOKING)('in %s a plugin', (step) => {
  const inStep = (text: string, permissions: Permissions) => {
    const code = `const results = []; ${text}; ${ANSWERS[step]}`
    const body = step === 'plan' ? 'return plan.state' : 'return {}'
    const look = { permissions, [step]: code, body }
    return make(look, step === 'resume' ? { resume: RESUME } : {})
  }
  const resultsOf = (outcome: unknown): { code?: string; message?: string; got?: unknown }[] => {
    const { output, verification } = outcome as {
      output: unknown
      verification?: { message: string }
    }
    return (verification === undefined ? output : JSON.parse(verification.message)) as never
  }

  it('that means harm changes nothing, whatever it calls', async () => {
    seen.length = 0
    // The message of a verdict is short, so only the codes are told.
    const attempts = CHANGES.map(
      (call) => `results.push({ code: (await caught(() => ${call})).code })`,
    )
    const permissions = { ...EVERYTHING }
    const unbound = ['out', 'nas'] // Their names stand for nothing here, which is found before the run begins.
    for (const name of unbound) delete (permissions as Record<string, unknown>)[name]
    const kept = attempts.filter((text) => !unbound.some((name) => text.includes(`use.${name}.`)))
    const outcome = await inStep(kept.join('\n'), permissions)
    expect(resultsOf(outcome)).toEqual(kept.map(() => ({ code: 'ERR_HANDLE_DENIED' })))
    expect(seen).toEqual([])
    const denied = outcome.events
    expect(denied.filter((event) => event.outcome === 'denied')).toHaveLength(kept.length)
  })

  it('is told that the step looks, and where to do it', async () => {
    const text = `results.push(await caught(() => use.pve.request({ method: 'POST', path: '/x' })))`
    const [result] = resultsOf(await inStep(text, { pve: PVE }))
    expect(result!.message).toBe(
      `pve.request: ${step} only looks, and POST is neither GET nor HEAD; do it in run, which gets the plan`,
    )
  })

  it('looks as it likes', async () => {
    seen.length = 0
    const { pve, proc, word, own } = EVERYTHING
    const text = [
      `use.pve.request({ method: 'GET', path: '/x' }).then(({ status }) => status)`,
      `use.pve.request({ method: 'HEAD', path: '/x' }).then(({ status }) => status)`,
      `use.pve.open({ method: 'GET', path: '/x' }).then(({ streamId }) => use.pve.close(streamId))`,
      `use.proc.text('/proc/uptime').then((text) => text.length > 0)`,
      `use.word.read()`,
      `use.own.get('k')`,
      `use.own.keys()`,
    ].map((call) => `results.push(await caught(() => ${call}))`)
    const permissions = { pve, proc, word, own } as Permissions
    const results = resultsOf(await inStep(text.join('\n'), permissions))
    expect(results.map(({ code }) => code)).toEqual(text.map(() => undefined))
    expect(seen).toEqual(['GET /x', 'HEAD /x', 'GET /x'])
  })

  it('keeps nothing, not even past the methods it is given', async () => {
    const text = `results.push({ code: (await caught(() => use.$run.keep(1))).code })`
    const kept: KeptByRun[] = []
    const permissions = {}
    const job = {
      permissions,
      [step]: `const results = []; ${text}; ${ANSWERS[step]}`,
      body: 'return plan?.state ?? {}',
    }
    const outcome = await make(job, { kept, ...(step === 'resume' && { resume: RESUME }) })
    expect(resultsOf(outcome)).toEqual([{ code: 'ERR_HANDLE_DENIED' }])
    expect(kept).toEqual([])
  })
})

describe('keeping', () => {
  it('is done when the call returns, with the plan, each value in place of the one before', async () => {
    const kept: KeptByRun[] = []
    const body = `await keep({ type: 'start' }); await keep(undefined); return {}`
    const plan = { changes: [], state: 1 }
    expect(codeOf(await make({ plan: `return { changes: [], state: 1 }`, body }, { kept }))).toBe(
      'done',
    )
    expect(kept).toEqual([
      { plan, value: { type: 'start' } },
      { plan, value: null },
    ])
  })

  it.each([
    ['a mebibyte', `keep('x'.repeat(1_048_576))`, 'ERR_LIMIT'],
    ['more than 16 KiB', `keep('x'.repeat(16_383))`, 'ERR_LIMIT'],
    ['what reaches a prototype', `keep(JSON.parse('{"__proto__":1}'))`, 'ERR_JSON_FORM'],
    ['two values', `use.$run.keep(1, 2)`, 'ERR_ARGUMENT_FORM'],
    ['by another name', `use.$run.forget()`, 'ERR_HANDLE_DENIED'],
  ])('%s is refused', async (_, call, code) => {
    const kept: KeptByRun[] = []
    const outcome = await make({ body: `return caught(() => ${call})` }, { kept })
    expect(outcome).toMatchObject({ output: { code } })
    expect(kept).toEqual([])
  })

  it('is possible 64 times', async () => {
    const kept: KeptByRun[] = []
    const body = `const codes = []
      for (let n = 0; n < 1_000; n += 1) codes.push((await caught(() => keep(n))).code)
      return { denied: codes.filter((code) => code === 'ERR_LIMIT').length }`
    expect(await make({ body }, { kept })).toMatchObject({ output: { denied: 936 } })
    expect(kept).toHaveLength(64)
  })

  it('that cannot be made durable ends the run', async () => {
    seen.length = 0
    const body = `await caught(() => keep(1)); await caught(() => use.pve.request({ method: 'POST', path: '/x' })); return {}`
    const permissions = { pve: PVE }
    const plugin = pluginOf({ name: 'steps', top: caught, jobs: { go: { body, permissions } } })
    const onKeep = (): void => {
      throw new Error('disk full')
    }
    expect(codeOf(await test.run(plugin, 'go', {}, { onKeep }))).toBe('ERR_AUDIT_UNAVAILABLE')
    expect(seen).toEqual([])
  })

  it.each([
    ['of a run that was never begun', 'runId + 40', 'ERR_PLUGIN_ABUSE'],
    ['of the plan that is over', 'runId - 1', undefined],
  ])('from nowhere, in the name %s, keeps nothing', async (_, named, code) => {
    const kept: KeptByRun[] = []
    const top = `${caught}
      let runId = 0
      process.on('message', (frame) => { if (frame.type === 'run') runId = frame.runId })`
    const body = `await Promise.resolve()
      process.send({ type: 'call', runId: ${named}, callId: 9, handle: '$run', method: 'keep', args: '["forged"]' })
      await new Promise((done) => setTimeout(done, 200))
      return {}`
    const jobs = { go: { plan: 'return { changes: [], state: 1 }', body } }
    const plugin = pluginOf({ name: 'forger', top, jobs })
    const onKeep = (each: KeptByRun): void => void kept.push(each)
    expect(codeOf(await test.run(plugin, 'go', {}, { onKeep }))).toBe(code ?? 'done')
    expect(kept).toEqual([])
  })
})
