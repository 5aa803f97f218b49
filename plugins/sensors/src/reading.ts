// SPDX-License-Identifier: Apache-2.0
/** What a reading is: its unit, the values a sensor can mean, and the limits worth showing. */
import { z } from 'zod'

/** One value of one sensor. */
export const Reading = z.object({
  chip: z.string().describe('as its source calls it, e.g. "k10temp-pci-00c3" or "k10temp"'),
  device: z.string().optional().describe('folder under /sys/class/hwmon, where it is known'),
  sensor: z.string().describe('the name in the kernel, e.g. "temp1"'),
  label: z.string().describe('the name for people, e.g. "Tctl"; the sensor where there is none'),
  value: z.number(),
  unit: z.enum(['celsius', 'rpm', 'volts', 'watts', 'amperes', 'percent']),
  max: z.number().optional().describe('upper limit, in the same unit'),
  crit: z.number().optional().describe('critical limit, in the same unit'),
  source: z.enum(['hwmon', 'sensors']).describe('where the value was read'),
})
export type Reading = z.infer<typeof Reading>

/** Something that could not be read, or that the reader should know. */
export const Note = z.object({
  source: z.enum(['hwmon', 'sensors']),
  chip: z.string().optional(),
  label: z.string().optional(),
  message: z.string(),
})
export type Note = z.infer<typeof Note>

/** A sensor as one source shows it: with a value and its kind, or with the fault that stands in their place. */
export type Sighting = Omit<Reading, 'value' | 'unit'> &
  (
    | { readonly kind: Kind; readonly value: number }
    | { readonly value?: undefined; readonly fault: string }
  )

/** All that one source shows. */
export interface Findings {
  readonly sightings: Sighting[]
  readonly notes: Note[]
}

/** What a kind of sensor measures. */
interface Quantity {
  readonly unit: Reading['unit']
  /** How many of the kernel's units make one of ours. */
  readonly kernelUnits: number
  readonly lowest: number
  readonly highest: number
}

/**
 * The kinds of sensors by the prefix of their name.
 *
 * Units: millidegrees, rpm, millivolts, microwatts, milliamperes, thousandths of a percent in the kernel.
 * Source: Linux Documentation/hwmon/sysfs-interface.rst, sections "Voltages" to "Humidity".
 */
export const QUANTITIES = {
  temp: { unit: 'celsius', kernelUnits: 1_000, lowest: -200, highest: 1_000 },
  fan: { unit: 'rpm', kernelUnits: 1, lowest: 0, highest: 200_000 },
  in: { unit: 'volts', kernelUnits: 1_000, lowest: -1_000, highest: 1_000 },
  power: { unit: 'watts', kernelUnits: 1_000_000, lowest: -100_000, highest: 100_000 },
  curr: { unit: 'amperes', kernelUnits: 1_000, lowest: -10_000, highest: 10_000 },
  humidity: { unit: 'percent', kernelUnits: 1_000, lowest: 0, highest: 100 },
} as const satisfies Record<string, Quantity>

/** The prefix of a sensor's name. */
export type Kind = keyof typeof QUANTITIES

/** The kind of a sensor by its name in the kernel; undefined for `pwm1`, `energy1` and the like. */
export function kindOf(sensor: string): Kind | undefined {
  const prefix = /^([a-z]+)\d+$/.exec(sensor)?.[1]
  return prefix !== undefined && Object.hasOwn(QUANTITIES, prefix) ? (prefix as Kind) : undefined
}

/** Why a number cannot be a value of this kind; undefined when it can. */
export function valueFault(kind: Kind, value: number): string | undefined {
  const { unit, lowest, highest } = QUANTITIES[kind]
  if (value >= lowest && value <= highest) return undefined
  return `reports ${value} ${unit}, which cannot be`
}

/**
 * A limit, or undefined where a chip means "no limit" by it.
 *
 * Why: drives print 65261.85 and -273.15 degrees (all bits set, none set), board chips print 0.
 */
export function saneLimit(kind: Kind, limit: number | undefined): number | undefined {
  if (limit === undefined || !(limit > 0)) return undefined
  return valueFault(kind, limit) === undefined ? limit : undefined
}

/** Text from a device as one short printable line. */
export function cleanText(text: string): string {
  return text
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 100)
}
