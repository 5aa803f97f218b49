// SPDX-License-Identifier: Apache-2.0
/** Plans that bind, in the real sandbox: a job that only plans, one whose plan was signed, and what comes between. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { endpoint, STEP_LIMITS } from '@sallyport/sdk'
import { driftByFailure, driftBetween, planIn } from '../../src/plugins/plan-drift.ts'
import type { KeptByRun, RunRequest } from '../../src/plugins/ports.ts'
import { documents, type Plan } from '../../src/protocol/index.ts'
import { codeOf, hostForTest, pluginOf, type HostForTest, type JobText } from './support.ts'

const PVE = endpoint('pve', ['GET /status', 'POST /start', 'DELETE /guest'])
const plan = `const { status } = await use.pve.request({ method: 'GET', path: '/status' })
  if (status === 404) throw Object.assign(new Error('there is none'),
    { code: 'ERR_NO_GUEST', details: { effect: 'none' } })
  if (status === 503) throw Object.assign(new Error('away'),
    { code: 'ERR_AWAY', details: { effect: 'none' }, retryable: true })
  const now = status === 200 ? 'stopped' : 'running'
  return { changes: [{ op: 'change', what: 'guest 104', from: now, to: 'running' }], state: { now } }`
const body = `await use.pve.request({ method: 'POST', path: '/start' })
  await keep({ asked: true }); return { plan }`
const JOB: JobText = { plan, body, permissions: { pve: PVE } }
const SIGNED: Plan = {
  changes: [{ op: 'change', what: 'guest 104', from: 'stopped', to: 'running' }],
  state: { now: 'stopped' },
}

let test: HostForTest
let service: Server
let status: number
const seen: string[] = []

beforeAll(async () => {
  service = createServer(({ method, url }, response) => {
    seen.push(`${method} ${url}`)
    response.writeHead(status).end('{}')
  })
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', done))
  const { port } = service.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const pve = { kind: 'endpoint', url, pin: { by: 'none' }, headers: {} }
  test = await hostForTest({ bindings: { find: () => pve as never } })
})

beforeEach(() => {
  status = 200
  seen.length = 0
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
  await new Promise((done) => service.close(done))
})

function make(request: Partial<RunRequest> = {}, job: Partial<JobText> = {}) {
  return test.run(pluginOf({ jobs: { go: { ...JOB, ...job } } }), 'go', {}, request)
}

describe('a job that only plans', () => {
  it('has the plan as its output and changes nothing', async () => {
    const verify = `throw new Error('looked again')`
    const outcome = await make({ isPlanOnly: true }, { verify })
    expect(outcome).toMatchObject({ state: 'done', output: SIGNED, handlesUsed: ['pve'] })
    expect(outcome).not.toHaveProperty('verification')
    expect(seen).toEqual(['GET /status'])
  })

  it('of a plugin that means harm changes nothing either', async () => {
    const hostile = `const tries = []
      for (const call of [{ method: 'DELETE', path: '/guest' }, { method: 'POST', path: '/start' }]) {
        try { await use.pve.request(call) } catch (error) { tries.push(error.code) } }
      return { changes: [], state: tries }`
    const outcome = await make({ isPlanOnly: true }, { plan: hostile })
    const denied = 'ERR_HANDLE_DENIED'
    expect(outcome).toMatchObject({ output: { state: [denied, denied] } })
    expect(seen).toEqual([])
  })

  it.each([
    ['no plan', 'return { from: 1 }'],
    ['a change that is none', `return { changes: [{ op: 'burn', what: 'x' }], state: 1 }`],
    ['more than can be signed', `return { changes: [], state: 1, more: 1 }`],
    ['too many changes', `return { changes: Array(129).fill({ op: 'add', what: 'x' }), state: 1 }`],
    ['no state', 'return { changes: [] }'],
  ])('fails when its plan step returns %s', async (_, text) => {
    expect(codeOf(await make({ isPlanOnly: true }, { plan: text }))).toBe('ERR_PLAN_FORM')
    expect(codeOf(await make({}, { plan: text }))).toBe('ERR_PLAN_FORM')
    expect(seen).toEqual([])
  })
})

describe('a job whose plan was signed', () => {
  it('is planned again and run by the signed plan, which is kept with it', async () => {
    const kept: KeptByRun[] = []
    const outcome = await make({ signedPlan: SIGNED, onKeep: (each) => void kept.push(each) })
    expect(outcome).toMatchObject({ state: 'done', output: { plan: SIGNED } })
    expect(kept).toEqual([{ plan: SIGNED, value: { asked: true } }])
    expect(seen).toEqual(['GET /status', 'POST /start'])
  })

  it('is refused, and nothing is done, when the state is another one', async () => {
    status = 204
    const outcome = await make({ signedPlan: SIGNED })
    expect(outcome).toMatchObject({
      state: 'refused',
      refusal: {
        reason: 'plan_drifted',
        details: {
          differences: [
            { path: 'state.now', signed: 'stopped', found: 'running' },
            { path: 'changes[0].from', signed: 'stopped', found: 'running' },
          ],
        },
      },
    })
    expect(seen).toEqual(['GET /status'])
  })

  it('is refused when its plugin says that it cannot be done any more', async () => {
    status = 404
    expect(await make({ signedPlan: SIGNED })).toMatchObject({
      state: 'refused',
      refusal: {
        reason: 'plan_drifted',
        details: { differences: [{ path: 'plan', found: 'ERR_NO_GUEST: there is none' }] },
      },
    })
    expect(codeOf(await make())).toBe('ERR_NO_GUEST')
  })

  it('fails when it cannot be looked at now, for that says nothing of the plan', async () => {
    status = 503
    expect(codeOf(await make({ signedPlan: SIGNED }))).toBe('ERR_AWAY')
    expect(seen).toEqual(['GET /status'])
  })

  it('is not planned again once it runs: what it is resumed by is what was kept', async () => {
    status = 204
    const resume = { plan: SIGNED, value: { asked: true } }
    const text = `return { plan, kept }`
    const outcome = await make({ signedPlan: SIGNED, resume }, { resume: text })
    expect(outcome).toMatchObject({ output: { plan: SIGNED, kept: { asked: true } } })
    expect(seen).toEqual([])
  })
})

describe('two plans', () => {
  it('are the same whatever the order of their members', () => {
    const state = { a: 1, b: [{ c: null, d: 'x' }] }
    const other = { b: [{ d: 'x', c: null }], a: 1 }
    expect(driftBetween({ changes: [], state }, { changes: [], state: other })).toBeUndefined()
  })

  it.each([
    [{ a: 1 }, { a: 1, b: 2 }, [{ path: 'state.b', signed: 'nothing', found: '2' }]],
    [{ a: 1, b: 2 }, { a: 1 }, [{ path: 'state.b', signed: '2', found: 'nothing' }]],
    [[1, 2], [1], [{ path: 'state[1]', signed: '2', found: 'nothing' }]],
    [1, '1', [{ path: 'state', signed: '1', found: '1' }]],
    [{ a: [] }, { a: {} }, [{ path: 'state.a', signed: '[]', found: '{}' }]],
    [null, 0, [{ path: 'state', signed: 'null', found: '0' }]],
  ])('of the states %j and %j differ', (signed, found, differences) => {
    const drift = driftBetween({ changes: [], state: signed }, { changes: [], state: found })
    expect(drift).toEqual({ reason: 'plan_drifted', details: { differences } })
  })

  it('that differ everywhere are told apart in few and short texts', () => {
    const many = (text: string) =>
      Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`${n}${'k'.repeat(300)}`, text]))
    const signed = { changes: [], state: many('x'.repeat(400)) }
    const drift = driftBetween(signed, { changes: [], state: many('y'.repeat(400)) })!
    const { differences } = drift.details as { differences: Record<string, string>[] }
    expect(differences).toHaveLength(16)
    const lengths = differences.flatMap((each) => Object.values(each).map(({ length }) => length))
    expect(Math.max(...lengths)).toBeLessThanOrEqual(200)
  })

  it('are not said to differ by a failure that is no word of the plugin', () => {
    const failure = { code: 'ERR_RUN_TIMEOUT', message: '', details: {}, retryable: false }
    expect(driftByFailure(failure)).toBeUndefined()
  })
})

it('the longest plan that a plugin may make can be signed within its job', () => {
  const { maxChanges, maxChangeLength, maxPlanBytes } = STEP_LIMITS
  const line = { op: 'warn' as const, what: 'x'.repeat(maxChangeLength) }
  expect(planIn({ changes: Array(60).fill(line), state: null })).toBeDefined()
  expect(
    planIn({ changes: Array(maxChanges).fill({ ...line, what: 'x' }), state: 1 }),
  ).toBeDefined()
  expect(planIn({ changes: [], state: 'x'.repeat(maxPlanBytes) })).toBeUndefined()
  expect(maxPlanBytes).toBeLessThan(documents.job.maxBytes / 2)
})
