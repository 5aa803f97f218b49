// SPDX-License-Identifier: Apache-2.0
/** Well signed documents of an odd form: members missing, twice or hostile, windows that are none, bytes without measure. */
import { randomUUIDv7 } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { seal } from '@sallyport/core/crypto'
import { encodeJson, instantOf } from '@sallyport/core/protocol'
import { Target } from '../support/target.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 1_440 * MINUTE
/** What strict JSON may cost an agent for a text without measure. Units: MiB. */
const MAX_GROWTH = 50

let target: Target
beforeAll(async () => {
  target = await Target.open()
})
afterAll(async () => target[Symbol.asyncDispose]())

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A job with members that no codec would write. */
const signOdd = (changes: Record<string, unknown>): Uint8Array =>
  target.signRaw(encodeJson({ ...target.adding(), ...changes }))

/** Every label its own: a document of odd form says nothing that is believed. */
const labelled = (all: Uint8Array[]) => all.map((bytes) => ({ bytes, label: randomUUIDv7() }))

describe('a member of a job', () => {
  /** A right job names them all. */
  let members: string[]
  beforeAll(() => {
    members = Object.keys(target.adding())
  })

  it('is mandatory, each of them', async () => {
    expect(members).toHaveLength(12)
    const missing = members.map((name) => signOdd({ [name]: undefined }))
    await target.expectRefused('malformed', labelled(missing))
  })

  it('is neither null nor of another type', async () => {
    const odd = members.flatMap((name) => [
      ...(name === 'plan' ? [] : [signOdd({ [name]: null })]),
      signOdd({ [name]: 7 }),
      signOdd({ [name]: [] }),
      signOdd({ [name]: '' }),
    ])
    await target.expectRefused('malformed', labelled(odd))
  })

  it('is one that the version of the document has', async () => {
    const unknown = {
      version: 2,
      crit: ['sequence'],
      sequence: 7,
      JobId: randomUUIDv7(),
      alg: 'none',
    }
    const odd = Object.entries(unknown).map(([name, value]) => signOdd({ [name]: value }))
    await target.expectRefused('malformed', labelled(odd))
  })

  it('stands once, however it is spelt and wherever it is', async () => {
    const again: ((text: string) => string)[] = [
      (text) => text.replace('"key":"victim"', '"key":"victim","key":"other"'),
      (text) => text.replace('"key":"victim"', '"key":"other","\\u006bey":"victim"'),
      (text) => text.replace('"key":"victim"', '"key":"victim","key":"victim"'),
      (text) => text.replace('"jobType":', '"jobType":"counter/read","jobType":'),
      (text) => text.replace('"input":', '"plan":null,"input":'),
      (text) => text.replace(/}$/, `,"agentId":"${randomUUIDv7()}"}`),
    ]
    await target.expectRefused(
      'duplicate_key',
      labelled(again.map((edit) => target.signText(edit))),
    )
    const envelope = new TextDecoder().decode(target.operator.sign(target.adding()))
    const outside = [
      envelope.replace('"payload":', '"payload":"e30","payload":'),
      envelope.replace('"sig":', '"sig":"A","sig":'),
    ]
    await target.expectRefused('duplicate_key', labelled(outside.map(utf8)))
  })

  it('reaches no prototype, and the jobs after it have their own defaults', async () => {
    const into = (members: string) =>
      target.signText((text) => text.replace('"key":', `${members},"key":`))
    await target.expectEach({
      'of every object': ['malformed', into('"__proto__":{"beforeMs":9000}')],
      'of every object, escaped': ['malformed', into('"\\u005f_proto__":{"beforeMs":9000}')],
      'by its constructor': ['malformed', into('"constructor":{"prototype":{"beforeMs":9000}}')],
      'named outright': ['malformed', into('"prototype":{}')],
      'a method of every object': ['bad_input', into('"toString":"x","valueOf":1')],
      'an accessor of every object': ['bad_input', into('"__defineGetter__":"x"')],
    })
  })

  it('has no text that another reader would read otherwise', async () => {
    const texts: ((text: string) => string)[] = [
      (text) => `\uFEFF${text}`,
      (text) => `${text}{}`,
      (text) => `${text},`,
      (text) => text.replace('"key":', '/* */"key":'),
      (text) => text.replace('"victim"', "'victim'"),
      (text) => text.replace('"victim"', '"vic\ttim"'),
      (text) => text.replace('"victim"', '"\\ud800"'),
      (text) => text.slice(0, -1),
    ]
    const bytes = Buffer.from(encodeJson(target.adding()))
    const overlong = Buffer.concat([bytes.subarray(0, -1), Buffer.from([0x2c, 0xc0, 0xa2, 0x7d])])
    const odd = [...texts.map((edit) => target.signText(edit)), target.signRaw(overlong)]
    await target.expectRefused('malformed', labelled([...odd, target.signRaw(new Uint8Array())]))
  })
})

describe('a window', () => {
  const at = (issuedMs: number, beginsMs: number, endsMs: number): Uint8Array => {
    const [issuedAt, notBefore, expiresAt] = [issuedMs, beginsMs, endsMs].map((ms) =>
      instantOf(Date.now() + ms),
    ) as [string, string, string]
    return target.operator.sign(target.adding({ issuedAt, notBefore, expiresAt }))
  }

  it('that is over or not yet there, beyond what clocks may differ, runs nothing', async () => {
    await target.expectEach({
      'a second too late': ['expired', at(-MINUTE, -MINUTE, -31 * SECOND)],
      'a year too late': ['expired', at(-365 * DAY, -365 * DAY, -365 * DAY + MINUTE)],
      'too early': ['from_future', at(2 * MINUTE, 2 * MINUTE, 3 * MINUTE)],
      'issued now for tomorrow': ['from_future', at(0, 23 * 60 * MINUTE, 24 * 60 * MINUTE)],
      'for longer than a day': ['lifetime', at(0, 0, DAY + 1)],
      'for ten years': ['lifetime', at(0, 0, 3_650 * DAY)],
      'issued long ago for long': ['lifetime', at(-2 * DAY, 0, MINUTE)],
      'ends before it begins': ['malformed', at(0, MINUTE, -MINUTE)],
      'begins before it was issued': ['malformed', at(0, -MINUTE, MINUTE)],
      'ends when it begins': ['malformed', at(0, 0, 0)],
    })
  })

  it('within what clocks may differ is good, and so is a whole day', async () => {
    const windows = [
      at(-MINUTE, -MINUTE, -5 * SECOND),
      at(25 * SECOND, 25 * SECOND, MINUTE),
      at(0, 0, DAY),
    ]
    // One by one: the ledger counts jobs that run at the same time once.
    for (const bytes of windows) expect(await target.reasons([{ bytes }])).toEqual(['done'])
    target.expectEffects(windows.length)
    await target.expectUnharmed()
  })

  it('is written as instants and nothing else', async () => {
    const now = new Date().toISOString()
    const texts = [
      'now',
      '',
      '0',
      '-1',
      '1e308',
      '-000001-01-01T00:00:00.000Z',
      '2026-02-30T00:00:00.000Z',
    ]
    const spellings = [
      now.replace('Z', '+00:00'),
      now.slice(0, 19) + 'Z',
      now.replace('T', ' '),
      ` ${now}`,
    ]
    const odd = [...texts, ...spellings, '+010000-01-01T00:00:00.000Z', Date.now(), -1, 1e300]
    const members = ['issuedAt', 'notBefore', 'expiresAt']
    const all = odd.map((value, n) => signOdd({ [members[n % 3]!]: value }))
    await target.expectRefused('malformed', labelled(all))
    const infinite = target.signText((text) =>
      text.replace(/"expiresAt":"[^"]+"/, '"expiresAt":1e999'),
    )
    await target.expectRefused('malformed', labelled([infinite]))
  })
})

describe('bytes without measure', () => {
  const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

  it('of any kind are refused, and neither memory nor the next job suffers', async () => {
    const before = target.memory()
    const input = (text: string) =>
      target.signText((job) => job.replace('"key":', `"list":${text},"key":`))
    await target.expectEach({
      '33 levels': ['malformed', input(deep(33))],
      '50,000 levels': ['malformed', input(deep(50_000))],
      'a hundred thousand values': ['malformed', target.signRaw(utf8(`[${'0,'.repeat(50_000)}0]`))],
      'an input of forty thousand values': ['bad_input', input(`[${'0,'.repeat(40_000)}0]`)],
      'an envelope of 80,000 levels': ['malformed', utf8(deep(75_000))],
      'a text that never ends': ['malformed', utf8(`{"payload":"${'A'.repeat(150_000)}`)],
      'numbers as long as the text': ['malformed', utf8(`[${'9'.repeat(150_000)}]`)],
    })
    const texts = [
      deep(120_000),
      `{"recipients":${deep(50_000)}}`,
      '['.repeat(250_000),
      'x'.repeat(262_144),
    ]
    for (const text of texts) expect(await target.fateOf(text)).toBe('unsealable')
    await target.expectUnharmed()
    expect(target.memory() - before).toBeLessThan(MAX_GROWTH)
  })

  it('beyond what the hub takes stop there, signed in or not, and the hub goes on', async () => {
    const url = `${target.field.url}/v1/sessions/challenges`
    const headers = { 'content-type': 'application/json' }
    const bodies = [
      '"'.padEnd(10_000_000, 'x'),
      `[${'0,'.repeat(999_999)}0]`,
      deep(50_000),
      deep(30_000),
    ]
    const before = target.memory('hub')
    for (const body of bodies) {
      // A hub that hangs up before it has read everything has refused as well.
      const status = await fetch(url, { method: 'POST', headers, body }).then(
        (answer) => answer.status,
        () => 413,
      )
      expect([400, 413]).toContain(status)
    }
    const job = await seal(target.operator.sign(target.adding()), [target.agent.sealingKey])
    const sealed = job.padEnd(10_000_000, ' ')
    const [envelopeId, expiresAt] = [randomUUIDv7(), instantOf(Date.now() + MINUTE)]
    const { agentId } = target.agent
    const submitted = target.operator.hub.submitEnvelope({ envelopeId, agentId, sealed, expiresAt })
    await expect(submitted).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_HUB_/) })
    expect(target.memory('hub') - before).toBeLessThan(MAX_GROWTH)
    await target.expectUnharmed()
  })
})

describe('the log', () => {
  it('has every one of these refusals once, by itself or counted', async () => {
    await target.expectOnRecord()
  })
})
