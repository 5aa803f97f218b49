// SPDX-License-Identifier: Apache-2.0
/** Enrolment against a hostile hub, a second user of the code, and a cut connection. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { enrolAgent } from '@sallyport/agent'
import {
  foundSite,
  makeEnrolmentCode,
  makeIdentity,
  makeSigningKey,
  parseEnrolmentCode,
  publicIdentity,
  rootFingerprintOf,
  seal,
  sealUnderSecret,
  signDocument,
} from '@sallyport/core/crypto'
import { THRESHOLD_PROFILES, documents, encodeBase64url, instantOf } from '@sallyport/core/protocol'
import { isPassing } from '@sallyport/core/transport'
import { TroubleLine } from '../chaos/trouble-line.ts'
import { NO_LUCK, type ExchangeLuck } from '../chaos/wire-luck.ts'
import { Field } from '../support/field.ts'

const clock = { now: Date.now }
let field: Field

beforeAll(async () => {
  field = await Field.open()
})

afterAll(async () => {
  await field[Symbol.asyncDispose]()
})

async function enrol(code: string, name: string) {
  return enrolAgent({ code, hub: field.url, stateDir: field.stateDir(name), clock })
}

describe('an enrolment code', () => {
  it('gives one identity, however many try it at once', async () => {
    const { code, agentId } = await field.operator.makeCode('pve1')
    const names = Array.from({ length: 8 }, (_, index) => `racer-${index}`)
    const tries = await Promise.allSettled(names.map((name) => enrol(code, name)))
    const won = tries.filter((each) => each.status === 'fulfilled')
    expect(won).toHaveLength(1)
    const { agents } = await field.operator.hub.listAgents()
    expect(agents.filter((agent) => agent.agentId === agentId)).toHaveLength(1)
  })

  it('goes on where it was cut off, with the same keys', async () => {
    const { code, agentId } = await field.operator.makeCode('pve2')
    const first = await enrol(code, 'pve2')
    const database = join(field.stateDir('pve2'), 'agent.json')
    expect(existsSync(database)).toBe(true)
    const { rmSync } = await import('node:fs')
    rmSync(database) // As if the host had gone down after the hub burned the code.
    const second = await enrol(code, 'pve2')
    expect(second).toEqual(first)
    expect(second.agentId).toBe(agentId)
  })

  it('with a typing error never reaches the hub', async () => {
    const { code } = await field.operator.makeCode('pve3')
    const digit = code.at(-1) === '0' ? '1' : '0'
    await expect(enrol(`${code.slice(0, -1)}${digit}`, 'pve3')).rejects.toMatchObject({
      code: 'ERR_CODE_CHECKSUM',
    })
    expect((await enrol(code, 'pve3')).agentName).toBe('pve3')
  })
})

describe('a line that loses first answers, once the hub has done what it was asked', () => {
  const toLose = new Set([
    ...['POST /v1/enrolments', 'POST /v1/sessions', 'PUT /v1/agents/self/descriptor'],
    ...['POST /v1/envelopes', 'GET /v1/mailbox', 'PUT /v1/mailbox/{id}/result'],
  ])

  function loseFirst(request: Uint8Array): ExchangeLuck {
    const [line = ''] = Buffer.from(request)
      .toString('latin1')
      .split(/[?\r]| HTTP/, 1)
    const route = line.replace(/[0-9a-f-]{36}/, '{id}')
    return toLose.delete(route) ? { ...NO_LUCK, fault: 'lose-answer' } : NO_LUCK
  }

  /** Does it with the same again for as long as nobody knows whether it was done. */
  async function insist<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (!isPassing(error)) throw error
      }
    }
  }

  it('makes no second agent and no second effect (X06)', async () => {
    let port = 0
    const parts = { draw: loseFirst, hubPorts: () => [port], onTrouble: () => {} }
    await using line = await TroubleLine.open(parts)
    await using own = await Field.open({ hubArgs: ['--public-url', line.url] })
    port = Number(new URL(own.url).port)
    line.isTroubled = true
    const { operator } = own

    const { code, agentId } = await operator.makeCode('pve1')
    const stateDir = own.stateDir('pve1')
    await insist(() => enrolAgent({ code, hub: line.url, stateDir, clock }))
    expect((await operator.hub.listAgents()).agents.map((each) => each.agentId)).toEqual([agentId])
    line.isTroubled = false
    await own.startAgent('pve1')
    const agent = await operator.meet(agentId)
    await own.approve(agent, 'counter')

    // Its poll is held by now, and that exchange is not lost any more.
    await own.end('pve1', 'SIGKILL')
    line.isTroubled = true
    const job = operator.job(agent, { jobType: 'counter/add', input: { key: 'once' } })
    const sealed = await seal(operator.sign(job), [...job.readers])
    const { jobId: envelopeId, expiresAt } = job
    operator.connect(line.url)
    await insist(() => operator.hub.submitEnvelope({ envelopeId, agentId, sealed, expiresAt }))
    operator.connect(own.url)
    await own.startAgent('pve1')
    expect(await operator.answerTo(agent, job.jobId)).toMatchObject({ output: { count: 1 } })
    expect(await own.countOf(agent, 'once')).toBe(1)
    expect(await operator.hub.showEnvelope(job.jobId)).toMatchObject({ deliveryCount: 2 })
    expect([...toLose]).toEqual([])
  })
})

describe('a hostile hub', () => {
  it('cannot alter the enrolment it hands out', async () => {
    const { code, agentId } = await field.operator.makeCode('pve4')
    await field.end('hub')
    const sealed = 'SELECT sealed_enrolment AS text FROM codes WHERE agent_id = ?'
    const text = String((await field.askHub(sealed, agentId))[0]!['text'])
    const altered = `${text.slice(0, -60)}AAAAAAAA${text.slice(-52)}`
    const alter = 'UPDATE codes SET sealed_enrolment = ? WHERE agent_id = ?'
    await field.changeHub(alter, altered, agentId)
    await field.startHub()
    await expect(enrol(code, 'pve4')).rejects.toMatchObject({ code: 'ERR_UNSEAL' })
    expect(existsSync(join(field.stateDir('pve4'), 'agent.json'))).toBe(false)
  })

  it('that knows the code still cannot put in operators of its own', async () => {
    const secret = randomBytes(16)
    const code = makeEnrolmentCode(secret, rootFingerprintOf(field.operator.founded.root))
    const { sealKey, redeemHash } = parseEnrolmentCode(code)
    const own = makeIdentity('hub', randomBytes(64))
    const ownSite = foundSite({
      siteId: field.operator.siteId,
      siteName: 'home',
      operator: publicIdentity(own),
      rootKeys: [makeSigningKey(randomBytes(32))],
      thresholds: THRESHOLD_PROFILES.homelab,
      policyText: '',
      nowMs: Date.now(),
      expiresAtMs: Date.now() + 86_400_000,
      random: randomBytes,
    })
    const agentId = randomUUIDv7()
    const expiresAt = instantOf(Date.now() + 60_000)
    const enrolment = {
      enrolmentId: randomUUIDv7(),
      siteId: field.operator.siteId,
      agentId,
      agentName: 'pve5',
      trustRoot: encodeBase64url(ownSite.root),
      policy: encodeBase64url(ownSite.policy),
      nameKey: encodeBase64url(ownSite.nameKey),
      issuedAt: instantOf(Date.now()),
      expiresAt,
    }
    const signed = signDocument(documents.enrolment, enrolment, own.signing)
    const sealedEnrolment = await sealUnderSecret(signed, sealKey)
    await field.operator.hub.addCode({ agentId, redeemHash, sealedEnrolment, expiresAt })
    await expect(enrol(code, 'pve5')).rejects.toMatchObject({ code: 'ERR_ENROLMENT_UNTRUSTED' })
    expect(existsSync(join(field.stateDir('pve5'), 'agent.json'))).toBe(false)
  })
})
