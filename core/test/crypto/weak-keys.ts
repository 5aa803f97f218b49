// SPDX-License-Identifier: Apache-2.0
/** Public keys that nobody should believe, computed from the curve rather than listed. */
import { ed25519 } from '@noble/curves/ed25519.js'

const { Point } = ed25519
const P = Point.Fp.ORDER

/** 32 bytes, least significant first. */
export function littleEndian(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse())
}

/** The eight points whose order divides 8, in their canonical encoding. */
export function smallOrderPoints(): Uint8Array[] {
  const generator = eighthOrderPoint()
  return Array.from({ length: 8 }, (_, times) =>
    (times === 0 ? Point.ZERO : generator.multiplyUnsafe(BigInt(times))).toBytes(),
  )
}

/** The u-coordinates of small order: those of the eight points, and the one on the twist. Source: RFC 7748, section 4.1. */
export function smallOrderCoordinates(): Uint8Array[] {
  const field = Point.Fp
  const onCurve = smallOrderPoints().map((bytes) => {
    const { y } = Point.fromBytes(bytes)
    return y === 1n ? 0n : field.div(field.add(1n, y), field.sub(1n, y))
  })
  return [...new Set([...onCurve, P - 1n])].map(littleEndian)
}

/** A point of the prime-order group with a point of order 8 added: canonical, on the curve, of mixed order. */
export function mixedOrderPoint(): Uint8Array {
  return Point.BASE.multiply(5n).add(eighthOrderPoint()).toBytes()
}

/** Encodings of y at or above the field's prime, and of -0 for x: second spellings of points. */
export function nonCanonicalPoints(): Uint8Array[] {
  const spellings: Uint8Array[] = []
  for (let y = 0n; y < 19n; y += 1n) {
    for (const sign of [0n, 1n]) spellings.push(littleEndian(y + P + (sign << 255n)))
  }
  return [...spellings, littleEndian(1n + (1n << 255n)), littleEndian(P - 1n + (1n << 255n))]
}

/** Any point times the group order is a point of small order; some have order 8. */
function eighthOrderPoint(): InstanceType<typeof Point> {
  const order = Point.Fn.ORDER
  for (let y = 2; ; y += 1) {
    const encoding = new Uint8Array(32)
    encoding[0] = y
    try {
      const rest = Point.fromBytes(encoding)
      const point = rest.multiplyUnsafe(order - 1n).add(rest)
      if (!point.multiplyUnsafe(4n).is0()) return point
    } catch {
      continue
    }
  }
}
