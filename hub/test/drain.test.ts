// SPDX-License-Identifier: Apache-2.0
/** How a hub goes: what was begun gets to its end, and nothing new begins. */
import { request } from 'node:http'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { HUB_LIMITS } from '@sallyport/hub'
import { patient } from '../../test/support/patience.ts'
import { OwnHub } from './support/own-hub.ts'
import { temporaryFolder } from './support/site.ts'

let scope: AsyncDisposableStack
let own: OwnHub
beforeEach(() => void (scope = new AsyncDisposableStack()))
afterEach(() => scope.disposeAsync())

async function open(drainMs: number): Promise<void> {
  const limits = { ...HUB_LIMITS, drainMs }
  own = await OwnHub.open(await temporaryFolder(scope), scope, { limits })
}

/** A request whose body is on its way; `finish` sends the rest. */
async function begin() {
  const headers = { 'content-type': 'application/json', 'content-length': '2' }
  const going = request(`${own.url}/v1/enrolments`, { method: 'POST', headers, agent: false })
  const answered = once(going, 'response').then(
    ([answer]) => (answer as { statusCode: number }).statusCode,
    (error: { code: string }) => error.code,
  )
  going.write('{')
  await sleep(300)
  return { answered, finish: () => going.end('}') }
}

describe('a hub that is told to go', () => {
  it('answers what was begun, ends held polls with nothing, takes nothing new', async () => {
    await open(60_000)
    const agent = await own.enrol()
    await agent.client.takeDeliveries({ waitSeconds: 0 })
    const poll = agent.client.takeDeliveries({ waitSeconds: 50 })
    const { answered, finish } = await begin()
    const startedAt = performance.now()
    const gone = own.hub[Symbol.asyncDispose]()
    expect(await poll).toEqual([])
    await expect(fetch(`${own.url}/health`)).rejects.toThrow()
    await sleep(500)
    finish()
    // The form of this request is wrong, which the hub only says of what it has read.
    expect(await answered).toBe(400)
    await gone
    expect(performance.now() - startedAt).toBeLessThan(patient(2_500))
  })

  it('tells whoever still asks over an open connection that it goes', async () => {
    await open(60_000)
    const { finish } = await begin()
    const asking = connect(Number(new URL(own.url).port), '127.0.0.1')
    asking.write('GET /ready HTTP/1.1\r\nhost: hub\r\n')
    await sleep(200)
    const gone = own.hub[Symbol.asyncDispose]()
    await sleep(200)
    asking.write('\r\n')
    let answer = ''
    for await (const bytes of asking) answer += String(bytes)
    expect(answer).toMatch(/^HTTP\/1.1 503 .*ERR_DRAINING/s)
    expect(answer.toLowerCase()).toContain('\r\nconnection: close\r\n')
    finish()
    await gone
  })

  it('waits for a body that does not come no longer than it may', async () => {
    await open(3_000)
    const { answered } = await begin()
    const startedAt = performance.now()
    await own.hub[Symbol.asyncDispose]()
    const tookMs = performance.now() - startedAt
    expect(tookMs).toBeGreaterThan(2_500)
    expect(tookMs).toBeLessThan(patient(6_000))
    expect(await answered).toBe('ECONNRESET')
  })
})
