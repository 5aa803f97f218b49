// SPDX-License-Identifier: Apache-2.0
/** What is seen of a key exchange, and what a host or a client that does not keep to the protocol gets. */
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { KeyExchangeReply } from '../../../../src/plugins/broker/ssh/key-exchange.ts'
import { HostWatch } from '../../../../src/plugins/broker/ssh/host-watch.ts'
import { wireByte, wireString, wireUint32 } from '../../../../src/plugins/broker/ssh/wire.ts'

const LINE = Buffer.from('SSH-2.0-test\r\n')
const PINNED = Buffer.from('the pinned key')

function packet(payload: Uint8Array): Buffer {
  const padding = 4
  const length = wireUint32(1 + payload.length + padding)
  return Buffer.concat([length, wireByte(padding), payload, Buffer.alloc(padding)])
}

function init(methods: string, guesses = 0): Buffer {
  const lists = Array.from({ length: 9 }, () => wireString('any'))
  const parts = [wireByte(20), Buffer.alloc(16), wireString(methods), ...lists]
  return packet(Buffer.concat([...parts, wireByte(guesses), wireUint32(0)]))
}

function reply(key: Uint8Array, type = 31): Buffer {
  const parts = [wireByte(type), wireString(key), wireString('half'), wireString('signature')]
  return packet(Buffer.concat(parts))
}

const GROUP = packet(Buffer.concat([wireByte(31), wireString('p'), wireString('g')]))
const NEW_KEYS = packet(wireByte(21))
const CURVE = 'curve25519-sha256'
const BY_GROUP = 'diffie-hellman-group-exchange-sha256'

/** A watch whose client has begun, with what it has been told. */
function begun(client = CURVE) {
  const replies: KeyExchangeReply[] = []
  let otherCount = 0
  const watch = new HostWatch({
    isPinned: (key) => PINNED.equals(key),
    onReply: (each) => void replies.push(each),
    onOtherHost: () => void (otherCount += 1),
  })
  if (client !== '') watch.fromPlugin(Buffer.concat([LINE, init(client)]))
  return { watch, replies, otherCount: () => otherCount }
}

/** What the plugin gets of what a host sends, and whether it was cut. */
function sent(watch: HostWatch, ...pieces: Uint8Array[]): { text: string; isCut: boolean } {
  let passed = Buffer.alloc(0)
  for (const piece of pieces) {
    const verdict = watch.fromService(piece)
    if ('cut' in verdict) return { text: verdict.cut.toString(), isCut: true }
    passed = Buffer.concat([passed, verdict.pass])
  }
  return { text: passed.toString('latin1'), isCut: false }
}

describe('the watch over a host', () => {
  it('passes a whole exchange with a pinned host, unchanged, in pieces of any size', () => {
    const rest = Buffer.from('encrypted from here on, and of any form')
    const whole = Buffer.concat([LINE, init(CURVE), reply(PINNED), NEW_KEYS, rest])
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (sizes) => {
        const { watch, replies } = begun()
        const pieces: Uint8Array[] = []
        for (let at = 0, turn = 0; at < whole.length; turn += 1) {
          const size = sizes[turn % sizes.length]!
          pieces.push(whole.subarray(at, (at += size)))
        }
        expect(sent(watch, ...pieces)).toEqual({ text: whole.toString('latin1'), isCut: false })
        expect(replies).toHaveLength(1)
      }),
      { numRuns: 50 },
    )
  })

  it('holds back the reply of another host and all after it', () => {
    const { watch, replies, otherCount } = begun()
    expect(sent(watch, LINE, init(CURVE)).isCut).toBe(false)
    const cut = sent(watch, reply(Buffer.from('some other key')))
    expect(cut.isCut).toBe(true)
    expect(cut.text).toContain('another key than the one that is bound')
    expect([replies.length, otherCount()]).toEqual([0, 1])
    expect(sent(watch, reply(PINNED), NEW_KEYS).isCut).toBe(true)
    expect(watch.fromPlugin(Buffer.from('x'))).toHaveProperty('pass')
  })

  it('follows a group exchange to its own reply', () => {
    const { watch, replies } = begun(BY_GROUP)
    expect(sent(watch, LINE, init(BY_GROUP), GROUP, reply(PINNED, 33), NEW_KEYS).isCut).toBe(false)
    expect(replies).toHaveLength(1)
  })

  it('takes no message for a reply that the client would take for something else', () => {
    const { watch, replies } = begun(BY_GROUP)
    const evil = Buffer.from('evil')
    expect(sent(watch, LINE, init(BY_GROUP), reply(PINNED), reply(evil, 33)).isCut).toBe(true)
    expect(replies).toHaveLength(0)
  })

  it.each<[string, string, Uint8Array[]]>([
    ['guesses, so that its first message is passed over', CURVE, [init(CURVE, 1)]],
    ['replies twice', CURVE, [init(CURVE), reply(PINNED), reply(PINNED)]],
    ['skips its reply', CURVE, [init(CURVE), NEW_KEYS]],
    ['sends the reply of another method', CURVE, [init(CURVE), reply(PINNED, 33)]],
    ['begins twice', CURVE, [init(CURVE), init(CURVE)]],
    ['does not begin', CURVE, [reply(PINNED)]],
    ['offers no method that is known', CURVE, [init('none'), reply(PINNED)]],
    ['agrees on a method that is not known', 'new,old', [init('new'), reply(PINNED)]],
    [
      'agrees on a method with SHA-1',
      'diffie-hellman-group1-sha1',
      [init('diffie-hellman-group1-sha1'), reply(PINNED)],
    ],
    ['answers before it is asked', '', [init(CURVE), reply(PINNED)]],
    ['sends a reply of another form', CURVE, [init(CURVE), packet(wireByte(31))]],
    [
      'sends a packet of wrong length',
      CURVE,
      [init(CURVE), Buffer.from([0, 0, 0, 5, 4, 0, 0, 0, 0])],
    ],
    [
      'talks for ever',
      CURVE,
      [init(CURVE), ...Array.from({ length: 9 }, () => packet(Buffer.alloc(34_000, 2)))],
    ],
  ])('cuts a host that %s', (_, client, pieces) => {
    const { watch } = begun(client)
    expect(sent(watch, LINE, ...pieces).isCut).toBe(true)
  })

  it('tells a plugin nothing before the line of the host, for it could not be read', () => {
    const { watch } = begun()
    expect(sent(watch, Buffer.from('220 mail ready\r\n'))).toEqual({ text: '', isCut: true })
  })

  it('never throws and holds little, whatever either side sends', () => {
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(LINE, init(CURVE), reply(PINNED), GROUP, NEW_KEYS),
      fc.uint8Array({ maxLength: 60 }).map(packet),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), noise), { maxLength: 12 }), (turns) => {
        const { watch } = begun('')
        for (const [isHost, bytes] of turns) {
          if (isHost) watch.fromService(bytes)
          else watch.fromPlugin(bytes)
        }
      }),
      { numRuns: 500 },
    )
  })
})
