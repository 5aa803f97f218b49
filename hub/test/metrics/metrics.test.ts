// SPDX-License-Identifier: Apache-2.0
/** What the hub counts, how it tells it, and what it never tells. */
import { execFileSync, spawnSync } from 'node:child_process'
import { randomUUIDv7 } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { OwnHub } from '../support/own-hub.ts'
import { send } from '../support/raw.ts'
import { refusalOf, temporaryFolder, type TestAgent } from '../support/site.ts'

const METRICS = [
  'sallyport_hub_info',
  'sallyport_hub_requests_total',
  'sallyport_hub_request_seconds',
  'sallyport_hub_refusals_total',
  'sallyport_hub_events_total',
  'sallyport_hub_store_seconds',
  'sallyport_hub_held_requests',
  'sallyport_hub_connections',
  'sallyport_hub_queue_envelopes',
  'sallyport_hub_limits_total',
  'sallyport_hub_ready',
  'sallyport_hub_part_ok',
]

describe('the metrics of a hub', () => {
  const scope = new AsyncDisposableStack()
  let own: OwnHub
  let agent: TestAgent
  let answered: string
  beforeAll(async () => {
    own = await OwnHub.open(await temporaryFolder(scope), scope, { metricsPort: 0 })
    agent = await own.enrol()
    answered = await own.submit(agent)
    await agent.client.takeDeliveries({ waitSeconds: 0 })
    await agent.client.answerEnvelope(answered, 'done')
    await own.submit(agent)
    await send(`${own.url}/no/${randomUUIDv7()}`)
    await refusalOf(agent.client.answerEnvelope(randomUUIDv7(), 'to nothing'))
  })
  afterAll(() => scope.disposeAsync())

  const scrape = async () => (await send(own.hub.metricsUrl!)).text
  /** Value of one line, by its name with labels. */
  const valueOf = (text: string, line: string) =>
    Number(
      text
        .split('\n')
        .find((each) => each.startsWith(`${line} `))
        ?.split(' ')
        .at(-1),
    )

  it('count requests, refusals and events by what they are', async () => {
    const text = await scrape()
    const count = (line: string) => valueOf(text, `sallyport_hub_${line}`)
    expect(count('requests_total{route="envelopes",status="200"}')).toBe(2)
    expect(count('requests_total{route="unknown",status="404"}')).toBe(1)
    expect(count('requests_total{route="mailbox",status="404"}')).toBe(1)
    expect(count('refusals_total{code="ERR_ENVELOPE_UNKNOWN"}')).toBe(1)
    expect(count('refusals_total{code="ERR_ROUTE_UNKNOWN"}')).toBe(1)
    expect(count('events_total{event="envelope.submitted"}')).toBe(2)
    expect(count('events_total{event="session.opened"}')).toBeGreaterThan(1)
    expect(count('request_seconds_count{route="envelopes"}')).toBe(2)
    expect(count('store_seconds_count{operation="commit"}')).toBeGreaterThan(3)
    expect(count('store_seconds_count{operation="select"}')).toBeGreaterThan(3)
    expect(count('ready')).toBe(1)
    expect(count('part_ok{part="database"}')).toBe(1)
    expect(count('part_ok{part="disk"}')).not.toBeNaN()
  })

  it('tell how many requests are held and how many envelopes wait, now', async () => {
    const other = await own.enrol()
    const poll = other.client.takeDeliveries({ waitSeconds: 20 })
    let text = await scrape()
    for (let n = 0; n < 100 && valueOf(text, 'sallyport_hub_held_requests') === 0; n += 1) {
      await new Promise((done) => setTimeout(done, 50))
      text = await scrape()
    }
    expect(valueOf(text, 'sallyport_hub_held_requests')).toBe(1)
    expect(valueOf(text, 'sallyport_hub_connections')).toBeGreaterThan(1)
    expect(valueOf(text, 'sallyport_hub_queue_envelopes{state="queued"}')).toBe(1)
    expect(valueOf(text, 'sallyport_hub_queue_envelopes{state="delivered"}')).toBe(0)
    await own.submit(other)
    expect(await poll).toHaveLength(1)
    const later = await scrape()
    expect(valueOf(later, 'sallyport_hub_queue_envelopes{state="delivered"}')).toBe(1)
    // What a held request takes says nothing of how fast the hub is.
    expect(later).not.toContain('sallyport_hub_request_seconds_count{route="mailbox"} 3')
  })

  it('name no site, agent, key, envelope, address or token', async () => {
    const text = await scrape()
    const known = [
      ...[
        agent.agentId,
        answered,
        agent.identity.signing.keyId,
        own.operatorIdentity.signing.keyId,
      ],
      ...['eyJ', 'Bearer', 'ops-1', 'pve1', 'home'],
    ]
    for (const each of known) expect(text).not.toContain(each)
    expect(text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-|\d+\.\d+\.\d+\.\d+/)
  })

  it('are there with a help and a type each, in names that Prometheus takes', async () => {
    const lines = (await scrape()).trim().split('\n')
    const helps = lines.flatMap((line) => /^# HELP (\w+) [A-Z].{10,}[^.]$/.exec(line)?.[1] ?? [])
    expect(helps).toEqual(expect.arrayContaining(METRICS))
    expect(new Set(helps).size).toBe(helps.length)
    for (const name of helps) expect(lines.join('\n')).toContain(`# TYPE ${name} `)
    const rows = lines.filter((line) => line !== '' && !line.startsWith('#'))
    for (const row of rows) {
      expect(row).toMatch(/^[a-z_]+(\{([a-z]+="[^"\\]*",?)+\})? -?[0-9.e+-]+$/)
      expect(helps).toContain(/^\w+/.exec(row)![0].replace(/_(bucket|sum|count)$/, ''))
    }
  })

  // Prometheus comes with a program that runs from its installation on, so it is not installed for this.
  const itIfThere = spawnSync('promtool', ['--version']).error === undefined ? it : it.skip
  itIfThere('are found in good order by promtool', async () => {
    const input = await scrape()
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input })
    expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' })
  })

  it('are on loopback alone, and nothing else is there', async () => {
    const { port, hostname } = new URL(own.hub.metricsUrl!)
    expect(hostname).toBe('127.0.0.1')
    const listening = execFileSync('ss', ['-Hltn', 'sport', '=', `:${port}`], { encoding: 'utf8' })
    expect(listening.trim().split(/\s+/)[3]).toBe(`127.0.0.1:${port}`)
    for (const path of ['/', '/health', '/ready', '/v1/agents', '/metrics/']) {
      expect((await send(`http://127.0.0.1:${port}${path}`)).status).toBe(404)
    }
    const posted = await send(own.hub.metricsUrl!, { method: 'POST', body: 'x' })
    expect(posted.status).toBe(404)
    expect((await send(`${own.url}/metrics`)).status).toBe(404)
  })

  it('have hardly more rows after a hundred strangers with paths of their own, and none of a path', async () => {
    const rows = async () => (await scrape()).match(/^sallyport_/gm)?.length ?? 0
    const before = await rows()
    for (let index = 0; index < 100; index++) await send(`${own.url}/v1/canary-${index}?${index}`)
    expect((await rows()) - before).toBeLessThan(20)
    expect(await scrape()).not.toContain('canary')
  })
})
