// SPDX-License-Identifier: Apache-2.0
/** What `sensors -j` and `sensors -J` print, in every state of repair. Source: lm-sensors, prog/sensors/chips.c. */
import { parseLoose } from './loose-json.ts'
import type { LooseNode, LooseValue } from './loose-json.ts'
import { cleanText, kindOf, saneLimit, valueFault } from './reading.ts'
import type { Findings, Kind, Note, Sighting } from './reading.ts'

/** The chip of sensors that stand in a fragment outside any chip. */
export const UNKNOWN_CHIP = 'unknown'

/**
 * Extracts every sensor that is complete, and notes what is broken or missing.
 *
 * Units: degrees Fahrenheit are converted where the text states its units; a text that does not state them
 * but fits nothing else yields no temperatures.
 */
export function parseSensorsJson(text: string): Findings {
  const root = parseLoose(text)
  const findings: Findings = { sightings: [], notes: root.junk.map((line) => note(line)) }
  for (const { key, value } of root.members) {
    if (!isNode(value)) findings.notes.push(note(`"${cleanText(key)}" stands outside any chip`))
    else if (isFeature(value)) findings.sightings.push(...featureSightings(UNKNOWN_CHIP, value))
    else readChip(value, findings)
  }
  const isToldOfChip = root.members.some(({ value }) => isNode(value) && value.isCut)
  if (root.isCut && !isToldOfChip) findings.notes.push(note('the output ends early'))
  return withoutFahrenheit(findings)
}

function readChip(chip: LooseNode, { sightings, notes }: Findings): void {
  const name = cleanText(chip.key!)
  const features = chip.members.map(({ value }) => value).filter(isNode)
  sightings.push(...features.flatMap((feature) => featureSightings(name, feature)))
  notes.push(...chip.junk.map((line) => note(line, name)))
  if (chip.isCut) notes.push(note('the output ends in the middle of this chip', name))
  else if (features.length === 0) notes.push(note('this chip shows no sensors', name))
}

function note(message: string, chip?: string): Note {
  return { source: 'sensors', ...(chip === undefined ? {} : { chip }), message: cleanText(message) }
}

function isNode(value: LooseValue): value is LooseNode {
  return typeof value === 'object' && value !== null
}

function isFeature(node: LooseNode): boolean {
  return node.members.some(({ key, value }) =>
    isNode(value) ? value.members.some((inner) => inner.key === 'quantity') : sensorIn(key),
  )
}

// "ERROR: Can't get value of subfeature temp1_input: Can't read" is the line that stands for a value.
function subfeatureIn(line: string): string {
  return /subfeature (\S+?):/.exec(line)?.[1] ?? ''
}

// `temp1_input` speaks of sensor `temp1`.
function sensorIn(key: string): string | undefined {
  return /^([a-z]+\d+)_[a-z_]+$/.exec(key)?.[1]
}

/** One feature of a chip; none when it measures nothing of ours. */
function featureSightings(chip: string, feature: LooseNode): Sighting[] {
  const { sensor, label, values } = isNewForm(feature) ? newForm(feature) : oldForm(feature)
  const own = { source: 'sensors', chip, sensor, label: cleanText(label) || sensor } as const
  const kind = kindOf(sensor)
  if (kind === undefined) {
    return feature.members.length > 0 ? [] : [{ ...own, fault: missingValue(feature) }]
  }
  const value = values.get('input') ?? values.get('average') ?? missingValue(feature, values)
  if (values.get('fault') === 1) return [{ ...own, fault: 'the chip reports a fault' }]
  if (typeof value === 'string') return [{ ...own, fault: cleanText(value) }]
  const fault = valueFault(kind, value)
  if (fault !== undefined) return [{ ...own, fault }]
  const max = saneLimit(kind, numberOf(values.get('max') ?? values.get('cap')))
  return [{ ...own, kind, value, max, crit: saneLimit(kind, numberOf(values.get('crit'))) }]
}

function missingValue(feature: LooseNode, values?: Values): string {
  if (feature.junk.length > 0) return cleanText(feature.junk[0]!)
  if (values?.has('input') || values?.has('average')) return 'reports no number'
  return feature.isCut ? 'the output ends before its value' : 'shows no value'
}

function numberOf(value: number | string | null | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}

/** Values of a feature by the part of their name behind the sensor; text says why there is no number. */
type Values = ReadonlyMap<string, number | string | null>

interface Parts {
  readonly sensor: string
  readonly label: string
  readonly values: Values
}

// -j: { "Tctl": { "temp1_input": 53.1 } }. An empty object has only its label to go by.
function oldForm(feature: LooseNode): Parts {
  const label = feature.key!
  const keys = [...feature.members.map(({ key }) => key), ...feature.junk.map(subfeatureIn)]
  const names = keys.map(sensorIn).filter((name) => name !== undefined)
  const sensor = names.find((name) => kindOf(name) !== undefined) ?? names[0] ?? cleanText(label)
  const values = new Map<string, number | null>()
  for (const { key, value } of feature.members) {
    const name = key.startsWith(`${sensor}_`) ? key.slice(sensor.length + 1) : undefined
    const isScalar = typeof value === 'number' || value === null
    if (name !== undefined && isScalar && !values.has(name)) values.set(name, value)
  }
  return { sensor, label, values }
}

// -J: { "temp1": { "label": "Tctl", "input": { "quantity": "temperature", "unit": "°C", "value": 53.1 } } }.
function isNewForm(feature: LooseNode): boolean {
  return feature.members.some(({ key, value }) => isNode(value) || key === 'label')
}

function newForm(feature: LooseNode): Parts {
  const sensor = feature.key!
  const kind = kindOf(sensor)
  const values = new Map<string, number | string | null>()
  let label = sensor
  for (const { key, value } of feature.members) {
    if (key === 'label' && typeof value === 'string') label = value
    if (isNode(value) && kind !== undefined && !values.has(key))
      values.set(key, inUnit(kind, value))
  }
  return { sensor, label, values }
}

const UNIT_SIGNS: Readonly<Record<Kind, readonly string[]>> = {
  temp: ['°C', 'C'],
  fan: ['RPM', 'rpm'],
  in: ['V'],
  power: ['W'],
  curr: ['A'],
  humidity: ['%', '%RH'],
}

function inUnit(kind: Kind, part: LooseNode): number | string | null {
  const member = (name: string): LooseValue =>
    part.members.find(({ key }) => key === name)?.value ?? null
  const [value, unit] = [member('value'), member('unit')]
  if (typeof value !== 'number') return null
  if (typeof unit !== 'string') return 'states no unit'
  if (UNIT_SIGNS[kind].includes(unit)) return value
  if (kind === 'temp' && (unit === '°F' || unit === 'F')) return celsiusOf(value)
  return `reports ${value} in the unit "${unit}"`
}

function celsiusOf(fahrenheit: number): number {
  return Math.round(((fahrenheit - 32) / 1.8) * 1_000) / 1_000
}

function withoutFahrenheit({ sightings, notes }: Findings): Findings {
  if (!looksFahrenheit(sightings)) return { sightings, notes }
  const message =
    'temperatures fit degrees Fahrenheit, and the output states no unit: none reported'
  return {
    sightings: sightings.filter((one) => !isTemperature(one)),
    notes: [...notes, note(message)],
  }
}

function isTemperature(sighting: Sighting): boolean {
  return sighting.value !== undefined && sighting.kind === 'temp'
}

/**
 * Whether temperatures without a unit can only be degrees Fahrenheit.
 *
 * Why: chips measure in steps of 0.025 degrees Celsius or coarser. Of Celsius values about one in nine falls on such a
 * step when taken for Fahrenheit; that all of four do, with one beyond what hardware endures, is no accident.
 */
function looksFahrenheit(sightings: readonly Sighting[]): boolean {
  const numbers = sightings
    .filter(isTemperature)
    .flatMap(({ value, max, crit }) => [value, max, crit])
  const all = [...new Set(numbers)].filter((number) => number !== undefined)
  return all.length >= 4 && all.some((number) => number > 150) && all.every(isStepInFahrenheit)
}

function isStepInFahrenheit(number: number): boolean {
  const steps = (number - 32) / 1.8 / 0.025
  return Math.abs(steps - Math.round(steps)) < 0.03
}
