// SPDX-License-Identifier: Apache-2.0
/** Numbers, times and identifiers as people read them. Units are always written. */

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** A span of time: `0.4 ms`, `46 ms`, `1.2 s`, `10 min`, `3 h`, `9 days`. */
export function span(ms: number): string {
  if (ms < 0) return `-${span(-ms)}`
  if (ms < 10) return `${ms === 0 ? 0 : ms.toFixed(1)} ms`
  if (ms < SECOND_MS) return `${Math.round(ms)} ms`
  if (ms < 10 * SECOND_MS) return `${(ms / SECOND_MS).toFixed(1)} s`
  if (ms < 2 * MINUTE_MS) return `${Math.round(ms / SECOND_MS)} s`
  if (ms < 2 * HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`
  if (ms < 2 * DAY_MS) return `${Math.round(ms / HOUR_MS)} h`
  return `${count(Math.round(ms / DAY_MS))} days`
}

/** How long ago an instant was, or how far ahead it lies: `4 s ago`, `in 10 min`, `now`. */
export function relative(instantMs: number, nowMs: number): string {
  const distanceMs = nowMs - instantMs
  if (Math.abs(distanceMs) < SECOND_MS) return 'now'
  const whole = Math.round(Math.abs(distanceMs) / SECOND_MS) * SECOND_MS
  const text = span(whole).replace('.0 s', ' s')
  return distanceMs > 0 ? `${text} ago` : `in ${text}`
}

/** A whole number with separators: `18,402`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** A count and its noun: `1 check`, `9 checks`. */
export function counted(value: number, noun: string, plural: string = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : plural}`
}

/** A size: `312 B`, `4.1 KiB`, `8.0 MiB`, `23.6 GiB`. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  const at = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${at === 0 ? bytes : (bytes / 1_024 ** at).toFixed(1)} ${units[at]}`
}

/** The start and end of a long identifier: `0193f2ab…c21`. */
export function short(id: string): string {
  return id.length <= 14 ? id : `${id.slice(0, 8)}…${id.slice(-3)}`
}

/** A digest: `sha256:5e1c09ab…09f`. */
export function shortDigest(digest: string): string {
  const [algorithm, hex = ''] = digest.split(':')
  return `${algorithm}:${short(hex)}`
}

/** A key as people compare it: `SHA256:q3Fh7Kb2`. */
export function fingerprint(keyId: string): string {
  return `SHA256:${keyId.slice(0, 8)}`
}
