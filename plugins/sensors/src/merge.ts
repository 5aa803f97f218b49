// SPDX-License-Identifier: Apache-2.0
/** One list out of two sources: what both see appears once. */
import { QUANTITIES } from './reading.ts'
import type { Note, Reading, Sighting } from './reading.ts'

/** Readings of all sensors that have a value, notes on those that have none. */
export interface Merged {
  readonly readings: Reading[]
  readonly notes: Note[]
}

/** A chip as one source shows it. */
interface Chip {
  readonly name: string
  readonly sightings: readonly Sighting[]
}

/**
 * Merges what the kernel and the `sensors` program show of the same host.
 *
 * Why: where both have a value, that of `sensors` counts, since it knows the board's scaling and labels from its
 * configuration; the kernel's stands in where `sensors` shows none. A chip's full name carries its bus address,
 * its folder in the kernel does not, so chips of one driver are paired by what they show.
 */
export function mergeSightings(hwmon: readonly Sighting[], sensors: readonly Sighting[]): Merged {
  const unpaired = new Set(chipsOf(hwmon, ({ device }) => device ?? ''))
  const merged: Sighting[] = []
  for (const chip of chipsOf(sensors, (sighting) => sighting.chip)) {
    const twin = mostAlike(chip, [...unpaired])
    if (twin !== undefined) unpaired.delete(twin)
    merged.push(...mergeChip(chip, twin))
  }
  for (const chip of unpaired) merged.push(...chip.sightings)
  return { readings: merged.flatMap(readingOf), notes: merged.flatMap(noteOf) }
}

/** The driver's name: hyphens are not allowed in it, and the bus follows after one. */
export function driverOf(chip: string): string {
  return chip.split('-')[0]!
}

function chipsOf(sightings: readonly Sighting[], keyOf: (sighting: Sighting) => string): Chip[] {
  const groups = Map.groupBy(sightings, keyOf)
  return [...groups.values()].map((group) => ({ name: group[0]!.chip, sightings: group }))
}

function mostAlike(chip: Chip, candidates: readonly Chip[]): Chip | undefined {
  const scored = candidates
    .filter(({ name }) => name === driverOf(chip.name))
    .map((candidate) => ({ candidate, score: likeness(chip, candidate) }))
  return scored.sort((a, b) => b.score - a.score)[0]?.candidate
}

function likeness(chip: Chip, candidate: Chip): number {
  let score = 0
  for (const one of chip.sightings) {
    const other = twinOf(one, candidate)
    if (other === undefined) continue
    score += 1 + Number(one.label === other.label) + Number(one.max === other.max)
    const distance = Math.abs((one.value ?? 0) - (other.value ?? 0))
    score += 1 / (1 + distance)
  }
  return score
}

function twinOf(one: Sighting, chip: Chip): Sighting | undefined {
  const { sightings } = chip
  return (
    sightings.find((other) => other.sensor === one.sensor) ??
    sightings.find((other) => one.value === undefined && other.label === one.label)
  )
}

function mergeChip(chip: Chip, twin: Chip | undefined): Sighting[] {
  if (twin === undefined) return [...chip.sightings]
  const rest = new Set(twin.sightings)
  const merged = chip.sightings.map((one) => {
    const other = twinOf(one, twin)
    if (other === undefined) return one
    rest.delete(other)
    return mergeSensor(one, other)
  })
  return [...merged, ...[...rest].map((other) => ({ ...other, chip: chip.name }))]
}

function mergeSensor(one: Sighting, other: Sighting): Sighting {
  const best = one.value === undefined && other.value !== undefined ? other : one
  const limits = { max: one.max ?? other.max, crit: one.crit ?? other.crit }
  return { ...best, ...limits, chip: one.chip, label: one.label, device: other.device }
}

function readingOf(sighting: Sighting): Reading[] {
  if (sighting.value === undefined) return []
  const { kind, ...reading } = sighting
  return [{ ...reading, unit: QUANTITIES[kind].unit }]
}

function noteOf(sighting: Sighting): Note[] {
  if (sighting.value !== undefined) return []
  const { source, chip, label, fault } = sighting
  return [{ source, chip, label, message: fault }]
}
