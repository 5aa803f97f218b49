// SPDX-License-Identifier: Apache-2.0
/** The file that `--limits` names: some of the knobs, with other values than the profile gives them. */
import { parseJson } from '@sallyport/core/protocol'
import { CodedError } from '@sallyport/sdk'
import { readFileSync } from 'node:fs'
import { KNOBS, limitsOf, type HubLimits, type Knob, type Profile } from './limits.ts'

const MAX_FILE_BYTES = 65_536

/**
 * The limits of a profile, changed by a file.
 *
 * Shape: one JSON object of whole numbers, each within the range of its knob.
 * Throws: ERR_LIMITS_FILE, which names the knob.
 */
export function readLimits(profile: Profile, file: string | undefined): HubLimits {
  const defaults = limitsOf(profile)
  if (file === undefined) return defaults
  const limits = { ...defaults, ...parseLimits(readBytes(file)) }
  expectAscending(limits)
  return limits
}

/** Reads the knobs of a file. Throws: ERR_LIMITS_FILE. */
export function parseLimits(bytes: Uint8Array): Partial<HubLimits> {
  const value = parseObject(bytes)
  for (const [name, set] of Object.entries(value)) {
    if (!Object.hasOwn(KNOBS, name)) throw wrong(`there is no limit named ${name}`)
    const { min, max, unit } = (KNOBS as Readonly<Record<string, Knob>>)[name]!
    const isWithin = Number.isSafeInteger(set) && Number(set) >= min && Number(set) <= max
    if (!isWithin) throw wrong(`${name} must be a whole number from ${min} to ${max} (${unit})`)
  }
  return value
}

/** Why: a step that comes before the one below it would never be taken. */
function expectAscending({ backOffAfter, penaltyAfter, lockOutAfter }: HubLimits): void {
  if (backOffAfter <= penaltyAfter && penaltyAfter <= lockOutAfter) return
  throw wrong('backOffAfter, penaltyAfter and lockOutAfter must not descend')
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new CodedError('ERR_LIMITS_FILE', `${file} cannot be read`, { cause })
  }
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = parseJson(bytes, MAX_FILE_BYTES)
  } catch (cause) {
    throw new CodedError('ERR_LIMITS_FILE', 'the file of limits is not strict JSON', { cause })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>
  }
  throw wrong('it must be one object')
}

function wrong(why: string): CodedError<'ERR_LIMITS_FILE'> {
  return new CodedError('ERR_LIMITS_FILE', `the file of limits is not usable: ${why}`)
}
