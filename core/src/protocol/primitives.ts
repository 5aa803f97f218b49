// SPDX-License-Identifier: Apache-2.0
/** The small shapes every document is made of: ids, instants, keys, digests. */
import { z } from 'zod'

/** UUID version 7, lower case. Source: RFC 9562, section 5.7. */
export const Id = z
  .string()
  .regex(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/, 'not a UUIDv7')

/** An instant in UTC with milliseconds, `2026-01-31T12:00:00.000Z`. Source: RFC 3339, section 5.6. */
export const Instant = z
  .string()
  .regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/, 'not an instant')
  .refine(isRealInstant, 'no such instant')

/** 32 bytes as canonical base64url: a raw Ed25519 or X25519 public key, or a SHA-256 hash. */
export const Bytes32 = z.string().regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, 'not 32 bytes')

/** 16 bytes as canonical base64url. */
export const Bytes16 = z.string().regex(/^[A-Za-z0-9_-]{21}[AQgw]$/, 'not 16 bytes')

/** The id of a key: SHA-256 of its raw public bytes. */
export const KeyId = Bytes32

/** `sha256:` and 64 hexadecimal digits. */
export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'not a digest')

/** The name of a part of a bundle: no path, no link, no second spelling in another case. */
export const PartName = z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, 'not a part name')

/** The name a person gives to an agent, a site or an operator. */
export const Name = z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'not a name')

/** `plugin/noun.verb`. */
export const JobTypeName = z
  .string()
  .max(160)
  .regex(
    /^[a-z][a-z0-9-]{0,31}\/[a-z][a-z0-9-]{0,31}(\.[a-z][a-z0-9-]{0,31}){0,3}$/,
    'not a job type',
  )

/** Semantic version without build metadata. */
export const Version = z
  .string()
  .max(64)
  .regex(/^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?$/, 'not a version')

/** Any JSON object. */
export const JsonObject = z.record(z.string(), z.json())

/** Epoch milliseconds of an instant. */
export function epochMs(instant: string): number {
  return Date.parse(instant)
}

/** The instant of epoch milliseconds. Throws: RangeError outside the years 0 to 9999. */
export function instantOf(ms: number): string {
  return new Date(ms).toISOString()
}

function isRealInstant(text: string): boolean {
  const ms = Date.parse(text)
  return Number.isFinite(ms) && new Date(ms).toISOString() === text
}
