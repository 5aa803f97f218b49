// SPDX-License-Identifier: Apache-2.0
/** SSH's data types, public keys and signatures, whole and broken. */
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { parseSshPublicKey, sshPublicKeyOf } from '../../../../src/plugins/broker/ssh/public-key.ts'
import { parseSignRequest } from '../../../../src/plugins/broker/ssh/sign-request.ts'
import {
  algorithmsOf,
  isSshSignature,
  makeSshSignature,
} from '../../../../src/plugins/broker/ssh/signature.ts'
import {
  WireReader,
  wireInteger,
  wireString,
  wireUint32,
} from '../../../../src/plugins/broker/ssh/wire.ts'

describe('the reader of the SSH wire', () => {
  it('reads what was written', () => {
    const written = Buffer.concat([
      wireUint32(7),
      wireString('text'),
      wireString('a,b'),
      wireInteger(Uint8Array.of(0, 0x80)),
    ])
    const reader = new WireReader(written)
    expect([reader.uint32(), reader.text(), reader.names()]).toEqual([7, 'text', ['a', 'b']])
    expect([...reader.positiveInteger()]).toEqual([0x80])
    expect(reader.isDone).toBe(true)
  })

  // Source: RFC 4251, section 5, examples of mpint.
  it.each([
    ['', '00000000'],
    ['09a378f9b2e332a7', '0000000809a378f9b2e332a7'],
    ['80', '000000020080'],
  ])('writes the integer %s as RFC 4251 does', (value, wire) => {
    expect(Buffer.from(wireInteger(Buffer.from(value, 'hex'))).toString('hex')).toBe(wire)
  })

  it.each([
    ['a string that is longer than there is', '000000056162', (r: WireReader) => r.string()],
    ['a string over its bound', '0000000261626364', (r: WireReader) => r.string(1)],
    ['half a number', '0000', (r: WireReader) => r.uint32()],
    ['a truth value of 2', '02', (r: WireReader) => r.boolean()],
    ['a text with a control character', '000000016107', (r: WireReader) => [r.text(), r.text()]],
    ['a text that is no UTF-8', '00000001ff', (r: WireReader) => r.utf8(8)],
    ['a negative integer', '0000000180', (r: WireReader) => r.positiveInteger()],
    ['an integer with zeros before it', '000000020001', (r: WireReader) => r.positiveInteger()],
    ['zero', '00000000', (r: WireReader) => r.positiveInteger()],
  ])('finds %s not whole, and everything after it empty', (_, hex, read) => {
    const reader = new WireReader(Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(0)]))
    read(reader)
    expect([reader.isWhole, reader.isDone, reader.byte(), reader.string().length]).toEqual([
      false,
      false,
      0,
      0,
    ])
  })

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        parseSshPublicKey(bytes)
        parseSignRequest(bytes)
        const reader = new WireReader(bytes)
        reader.names()
        reader.positiveInteger()
        reader.utf8(100)
      }),
    )
  })
})

const KEYS = [
  generateKeyPairSync('ed25519'),
  generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  ...['P-256', 'P-384', 'P-521'].map((namedCurve) => generateKeyPairSync('ec', { namedCurve })),
].map(({ privateKey, publicKey }) => {
  const blob = sshPublicKeyOf(publicKey)!
  return { privateKey, blob, parsed: parseSshPublicKey(blob)! }
})

describe('signatures on the SSH wire', () => {
  const data = Buffer.from('exchange hash')

  it.each(KEYS.map((each) => [each.parsed.type, each] as const))(
    'by %s are their key’s, over their data',
    (type, { privateKey, parsed }) => {
      for (const algorithm of algorithmsOf(type)) {
        // Many, because an integer with zeros before it comes once in 256 times.
        for (let count = 0; count < (type.startsWith('ecdsa') ? 300 : 2); count += 1) {
          const signature = makeSshSignature(privateKey, algorithm, data)
          if (!isSshSignature(signature, parsed, data))
            throw new Error(Buffer.from(signature).toString('hex'))
        }
        const signature = makeSshSignature(privateKey, algorithm, data)
        expect(isSshSignature(signature, parsed, Buffer.from('another hash'))).toBe(false)
        expect(isSshSignature(Buffer.concat([signature, Buffer.alloc(1)]), parsed, data)).toBe(
          false,
        )
        const other = KEYS.find((each) => each.parsed.type !== type)!
        expect(isSshSignature(signature, other.parsed, data)).toBe(false)
      }
    },
  )

  it('are none when they are of an algorithm that is not known', () => {
    const { privateKey, parsed } = KEYS[1]!
    const signature = Buffer.from(makeSshSignature(privateKey, 'rsa-sha2-256', data))
    const renamed = Buffer.concat([wireString('ssh-rsa'), signature.subarray(4 + 12)])
    expect(isSshSignature(renamed, parsed, data)).toBe(false)
  })

  it('are none when they are garbage', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 120 }),
        fc.constantFrom(...KEYS),
        (noise, { parsed }) => {
          const [algorithm] = algorithmsOf(parsed.type)
          const dressed = Buffer.concat([wireString(algorithm!), wireString(noise)])
          expect([
            isSshSignature(noise, parsed, data),
            isSshSignature(dressed, parsed, data),
          ]).toEqual([false, false])
        },
      ),
    )
  })
})

describe('public keys on the SSH wire', () => {
  it('are refused when a byte is missing, more or of another curve', () => {
    for (const { blob } of KEYS) {
      expect(parseSshPublicKey(blob.subarray(0, -1))).toBeUndefined()
      expect(parseSshPublicKey(Buffer.concat([blob, Buffer.alloc(1)]))).toBeUndefined()
    }
    const p256 = Buffer.from(KEYS[2]!.blob)
    const moved = Buffer.from(p256)
    moved[moved.length - 1]! ^= 1
    expect(parseSshPublicKey(moved)).toBeUndefined()
    expect(
      parseSshPublicKey(Buffer.from(p256.toString('latin1').replaceAll('p256', 'p384'), 'latin1')),
    ).toBeUndefined()
  })

  it('are refused when RSA is too short to trust', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1_024 })
    expect(sshPublicKeyOf(publicKey)).toBeUndefined()
    const jwk = publicKey.export({ format: 'jwk' })
    const parts = ['e', 'n'].map((name) =>
      wireInteger(Buffer.from(String(jwk[name as 'e']), 'base64url')),
    )
    expect(parseSshPublicKey(Buffer.concat([wireString('ssh-rsa'), ...parts]))).toBeUndefined()
  })
})
