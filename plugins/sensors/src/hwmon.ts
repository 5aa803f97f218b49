// SPDX-License-Identifier: Apache-2.0
/** Chips as the kernel shows them. Source: Linux Documentation/hwmon/sysfs-interface.rst. */
import { isCodedError } from '@sallyport/sdk'
import type { FileReader } from '@sallyport/sdk'
import { QUANTITIES, cleanText, kindOf, saneLimit, valueFault } from './reading.ts'
import type { Findings, Kind, Sighting } from './reading.ts'

/** One folder per chip, each a link into /sys/devices. */
export const HWMON = '/sys/class/hwmon'

const NO_CHIPS =
  'the kernel shows no sensor chips: usual in a virtual machine, else their drivers are not loaded (see sensors-detect)'

/** Reads every chip; a chip or sensor that cannot be read becomes a note or a fault. */
export async function readHwmon(hwmon: FileReader): Promise<Findings> {
  const notes: Findings['notes'] = []
  const folders = (await hwmon.list(HWMON)).sort(naturally)
  if (folders.length === 0) notes.push({ source: 'hwmon', message: NO_CHIPS })
  const chips = await Promise.all(
    folders.map((folder) =>
      readChip(hwmon, folder).catch((error: unknown) => {
        const chip = nameOf(folder)
        notes.push({ source: 'hwmon', chip, message: reasonOf(error) })
        return []
      }),
    ),
  )
  return { sightings: chips.flat(), notes }
}

async function readChip(hwmon: FileReader, folder: string): Promise<Sighting[]> {
  const device = nameOf(folder)
  const files = new Set((await hwmon.list(folder)).map(nameOf))
  const text = async (file: string): Promise<string | undefined> =>
    files.has(file) ? hwmon.text(`${folder}/${file}`) : undefined
  const chip = cleanText((await text('name')) ?? '') || device
  const sightings: Sighting[] = []
  for (const sensor of sensorsIn(files)) {
    const label = await text(`${sensor}_label`).catch(() => undefined)
    const own = {
      source: 'hwmon',
      chip,
      device,
      sensor,
      label: cleanText(label ?? '') || sensor,
    } as const
    try {
      sightings.push({ ...own, ...(await readSensor(sensor, text)) })
    } catch (error) {
      sightings.push({ ...own, fault: reasonOf(error) })
    }
  }
  return sightings
}

/** Names of sensors that have a value, in the kernel's order of kinds and numbers. */
function sensorsIn(files: ReadonlySet<string>): string[] {
  const names = [...files].map((file) => /^([a-z]+\d+)_(?:input|average)$/.exec(file)?.[1])
  const sensors = new Set(names.filter((name) => name !== undefined && kindOf(name) !== undefined))
  return ([...sensors] as string[]).sort(naturally)
}

type Value = { kind: Kind; value: number; max?: number; crit?: number } | { fault: string }

async function readSensor(
  sensor: string,
  text: (file: string) => Promise<string | undefined>,
): Promise<Value> {
  const kind = kindOf(sensor)!
  const printed = (await text(`${sensor}_input`)) ?? (await text(`${sensor}_average`)) ?? ''
  const value = numberOf(kind, printed)
  if (value === undefined) return { fault: `shows "${cleanText(printed)}", which is no number` }
  const fault = valueFault(kind, value)
  if (fault !== undefined) return { fault }
  if ((await text(`${sensor}_fault`))?.trim() === '1') return { fault: 'the chip reports a fault' }
  const limit = async (...names: string[]): Promise<{ [name: string]: number }> => {
    for (const name of names) {
      const printedLimit = await text(`${sensor}_${name}`).catch(() => undefined)
      const sane = saneLimit(kind, numberOf(kind, printedLimit ?? ''))
      if (sane !== undefined) return { [names[0]!]: sane }
    }
    return {}
  }
  return { kind, value, ...(await limit('max', 'cap')), ...(await limit('crit')) }
}

function numberOf(kind: Kind, printed: string): number | undefined {
  const digits = printed.trim()
  return /^-?\d{1,18}$/.test(digits) ? Number(digits) / QUANTITIES[kind].kernelUnits : undefined
}

// hwmon2 before hwmon10.
function naturally(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true })
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function reasonOf(error: unknown): string {
  return cleanText(isCodedError(error) ? error.message : 'unknown reason')
}
