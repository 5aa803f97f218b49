// SPDX-License-Identifier: Apache-2.0
/** A service whose certificate changes under a running agent: nothing is sent to it, and nothing but an operator mends it. */
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { makeIdentity } from '@sallyport/core/crypto'
import { instantOf, type Pin, type Result } from '@sallyport/core/protocol'
import { auditEvents } from '../support/audit.ts'
import { buildBundle } from '../support/build.ts'
import { Field } from '../support/field.ts'
import type { KnownAgent } from '../support/operator.ts'
import { sallyport, sallyportJson, temporaryFolder } from '../support/programs.ts'

const MINUTE = 60_000

interface Shown {
  readonly cert: string
  readonly key: string
  readonly sha256: string
}

let field: Field
let agent: KnownAgent
let server: Server
let url: string
let person: string
let first: Shown
let second: Shown
let third: Shown
const scope = new AsyncDisposableStack()
/** Every request that reached the service, with what it carried. */
const received: (string | undefined)[] = []

function certificate(name: string): Shown {
  const [key, cert] = [join(person, `${name}.key`), join(person, `${name}.pem`)]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const args = ['req', '-x509', ...kind, '-days', '2', '-subj', '/CN=pve1']
  execFileSync('openssl', [...args, '-keyout', key, '-out', cert], { stdio: 'pipe' })
  const pem = readFileSync(cert, 'utf8')
  const sha256 = new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()
  return { key: readFileSync(key, 'utf8'), cert: pem, sha256 }
}

/** From here on new connections see this certificate; those that are open end. */
function show({ key, cert }: Shown): void {
  server.setSecureContext({ key, cert })
  server.closeAllConnections()
}

beforeAll(async () => {
  person = scope.use(await temporaryFolder()).path
  first = certificate('first')
  second = certificate('second')
  third = certificate('third')
  field = await Field.open()
  agent = await field.addAgent('pve1')
  const bundle = await buildBundle('e2e/plugins/bound.ts')
  expect(await field.operator.approve(agent, bundle)).toMatchObject({ state: 'done' })
  server = createServer({ key: first.key, cert: first.cert }, (request, response) => {
    received.push(request.headers.authorization)
    response.end('someone')
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()))
  url = `https://127.0.0.1:${(server.address() as { port: number }).port}`
  writeFileSync(join(person, 'token'), 'canary-token\n', { mode: 0o600 })
  await bind(first)
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await field[Symbol.asyncDispose]()
  await scope.disposeAsync()
})

const host = (...args: string[]): [string[], { home: string }] => [
  [...args, '--state-dir', field.stateDir('pve1')],
  { home: field.folder },
]
const bind = ({ sha256 }: Shown) =>
  sallyportJson(
    ...host(
      ...['agent', 'bind', 'bound', 'api', '--url', url, '--fingerprint', sha256],
      ...['--bearer-file', join(person, 'token')],
    ),
  )
const call = (): Promise<Result> => field.operator.run(agent, { jobType: 'bound/call' })
const pin = ({ sha256 }: Shown, changes: Partial<Pin> = {}, by = field.operator.identity) =>
  field.operator.pin(agent, { plugin: 'bound', binding: 'api', sha256, ...changes }, by)

const done = { state: 'done', output: { status: 200, body: 'someone' } }
const untrusted = { state: 'failed', failure: { code: 'ERR_ENDPOINT_UNTRUSTED' } }
const locked = { state: 'refused', refusal: { reason: 'binding_locked' } }

describe('a service whose certificate changes', () => {
  it('is called as long as it shows the pinned one', async () => {
    expect(await call()).toMatchObject(done)
    expect(received).toEqual(['Bearer canary-token'])
  })

  it('is not called with another one, and its binding is locked, on record', async () => {
    show(second)
    expect(await call()).toMatchObject(untrusted)
    const answer = await call()
    expect(answer).toMatchObject({
      ...locked,
      refusal: {
        details: { plugin: 'bound', name: 'api', pinned: first.sha256, seen: second.sha256 },
      },
    })
    expect(String(answer.refusal!.details['remedy'])).toContain(
      'sallyport agent pin --agent <name> --plugin bound --binding api',
    )
    const events = auditEvents(field.stateDir('pve1')).filter(
      ({ event }) => event === 'binding.locked',
    )
    expect(events.map(({ details }) => details)).toEqual([
      { plugin: 'bound', name: 'api', pinned: first.sha256, seen: second.sha256 },
    ])
    expect(received).toHaveLength(1)
  })

  it('is shown as locked on the host', async () => {
    const { bindings } = await sallyportJson(...host('agent', 'bindings'))
    expect(bindings).toMatchObject([{ lock: { pinned: first.sha256, seen: second.sha256 } }])
    const { stdout } = await sallyport(...host('agent', 'bindings'))
    expect(stdout).toContain('locked')
    const looked = await sallyport(...host('doctor'))
    expect(looked.stdout).toContain('binding_locked')
  })

  it('stays locked when the old certificate comes back, and over a restart', async () => {
    show(first)
    expect(await call()).toMatchObject(locked)
    await field.end('pve1')
    await field.startAgent('pve1')
    expect(await call()).toMatchObject(locked)
    expect(received).toHaveLength(1)
  })

  it.each<[string, () => Promise<Result>, string]>([
    ['by a publisher', () => pin(second, {}, field.operator.publisher), 'unknown_key'],
    [
      'by a stranger',
      () => pin(second, {}, makeIdentity('eve', new Uint8Array(64).fill(7))),
      'unknown_key',
    ],
    [
      'of another agent',
      () => pin(second, { agentIds: ['01890000-0000-7000-8000-000000000009'] }),
      'wrong_audience',
    ],
    ['of another name', () => pin(second, { binding: 'other' }), 'not_bound'],
    [
      'that was issued before the lock',
      () => pin(second, { issuedAt: instantOf(Date.now() - 5 * MINUTE) }),
      'expired',
    ],
  ])('is not unlocked by a pin %s', async (_, pinned, reason) => {
    expect(await pinned()).toMatchObject({ state: 'refused', refusal: { reason } })
    expect(await call()).toMatchObject(locked)
  })

  it('is not unlocked by a pin that the hub hands out under another label', async () => {
    expect(
      await field.operator.pinAs(agent, { plugin: 'bound', binding: 'api', sha256: second.sha256 }),
    ).toMatchObject({ refusal: { reason: 'relabelled' } })
    expect(await call()).toMatchObject(locked)
  })

  it('is called again once an operator has pinned the new one, and only with that', async () => {
    show(second)
    expect(await pin(second)).toMatchObject({
      state: 'done',
      output: { replaced: first.sha256, sha256: second.sha256, wasLocked: true },
    })
    expect(await call()).toMatchObject(done)
    show(first)
    expect(await call()).toMatchObject(untrusted)
    expect(await call()).toMatchObject(locked)
    expect(received).toHaveLength(2)
  })

  it('does not go back to an older pin', async () => {
    expect(await pin(third)).toMatchObject({ state: 'done' })
    const older = { issuedAt: instantOf(Date.now() - 20_000) }
    expect(await pin(first, older)).toMatchObject({ refusal: { reason: 'expired' } })
    expect(await call()).toMatchObject(untrusted)
  })

  it('is unlocked by whoever binds it anew on the host', async () => {
    expect(await call()).toMatchObject(locked)
    await bind(first)
    expect(await call()).toMatchObject(done)
    const { bindings } = await sallyportJson(...host('agent', 'bindings'))
    expect(bindings).toMatchObject([{ lock: null }])
  })
})
