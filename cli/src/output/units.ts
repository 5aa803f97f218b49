// SPDX-License-Identifier: Apache-2.0
/** Units that a number's name ends in: `freeBytes`, `usePercent`, `uptimeSeconds`. */
import { size, span } from './words.ts'

const DAY_SECONDS = 86_400

const UNITS: Readonly<Record<string, (value: number) => string>> = {
  Bytes: size,
  Percent: (value) => `${plain(value, 1)} %`,
  Celsius: (value) => `${plain(value, 1)} °C`,
  Microseconds: (value) => span(value / 1_000),
  Milliseconds: span,
  Ms: span,
  Seconds: (value) =>
    value > 2 * DAY_SECONDS ? `${plain(value / DAY_SECONDS, 1)} days` : span(value * 1_000),
}

/** The unit that a name ends in. */
export function unitOf(name: string): string | undefined {
  return Object.keys(UNITS).find((unit) => name.endsWith(unit) && name !== unit)
}

/** A number as people read it, with the unit that its name says. */
export function measured(name: string, value: number): string {
  const unit = unitOf(name)
  return unit === undefined ? plain(value, 3) : UNITS[unit]!(value)
}

function plain(value: number, decimals: number): string {
  return String(Number(value.toFixed(decimals)))
}
