// SPDX-License-Identifier: Apache-2.0
/** Hardware readings and the state of one Linux host. Needs no root; reads, never writes. */
import { defineJob, definePlugin, exec, files, isCodedError } from '@sallyport/sdk'
import type { ProgramRunner } from '@sallyport/sdk'
import { z } from 'zod'
import { DF_ARGS } from './disks.ts'
import { Host, readHost } from './host.ts'
import { HWMON, readHwmon } from './hwmon.ts'
import { driverOf, mergeSightings } from './merge.ts'
import { Note, Reading, cleanText } from './reading.ts'
import type { Findings } from './reading.ts'
import { parseSensorsJson } from './sensors-json.ts'

const MAX_NOTES = 100

const read = defineJob({
  summary: 'Read every temperature, fan, voltage, power and current sensor of this host',
  effect: 'read',
  input: z.strictObject({
    chip: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('only this chip: a driver such as "nvme", or a full name such as "nvme-pci-0300"'),
  }),
  output: z.object({ readings: z.array(Reading), notes: z.array(Note) }),
  permissions: {
    // Folders of /sys/class/hwmon are links; the resolved path is what counts.
    hwmon: files.read(`${HWMON}/**`, '/sys/devices/**/hwmon*/**'),
    sensors: exec('/usr/bin/sensors', ['-j'], { timeoutMs: 10_000, maxOutputBytes: 262_144 }),
  },
  limits: { perMinute: 30, timeoutMs: 15_000 },
  async run({ input, use }) {
    const [hwmon, sensors] = await Promise.all([
      readHwmon(use.hwmon).catch((error: unknown) => nothing('hwmon', error)),
      runSensors(use.sensors).catch((error: unknown) => nothing('sensors', error)),
    ])
    const { readings, notes } = mergeSightings(hwmon.sightings, sensors.sightings)
    const isWanted = (one: { chip?: string | undefined }): boolean =>
      one.chip === undefined || [undefined, one.chip, driverOf(one.chip)].includes(input.chip)
    const told = [...hwmon.notes, ...sensors.notes, ...notes].filter(isWanted)
    return { readings: readings.filter(isWanted), notes: bounded(told) }
  },
})

const host = defineJob({
  summary: 'Load, memory, swap, uptime, disks, use per core and pressure of this host',
  effect: 'read',
  input: z.strictObject({}),
  output: Host,
  permissions: {
    proc: files.read(
      '/proc/cpuinfo',
      '/proc/loadavg',
      '/proc/meminfo',
      '/proc/pressure/*',
      '/proc/stat',
      '/proc/sys/kernel/osrelease',
      '/proc/uptime',
    ),
    df: exec('/usr/bin/df', DF_ARGS, { timeoutMs: 10_000 }),
  },
  limits: { perMinute: 30, timeoutMs: 15_000 },
  run: ({ use, signal }) => readHost(use.proc, use.df, signal),
})

/** The plugin, as agents load it. */
export const plugin = definePlugin({
  name: 'sensors',
  summary: 'Hardware readings, load, memory and disks of a Linux host',
  jobs: { host, read },
})

async function runSensors(sensors: ProgramRunner): Promise<Findings> {
  const { stdout, stderr, exitCode, signal } = await sensors.run(['-j'])
  const { sightings, notes } = parseSensorsJson(stdout)
  const ending = exitCode === 0 ? 'shows no chips' : `ended with ${exitCode ?? signal}`
  if (exitCode !== 0 || sightings.length + notes.length === 0) {
    notes.push({ source: 'sensors', message: cleanText(stderr.trim().split('\n')[0] || ending) })
  }
  return { sightings, notes }
}

// A program that prints rubbish by the page must not crowd out the readings.
function bounded(notes: Note[]): Note[] {
  if (notes.length <= MAX_NOTES) return notes
  const restCount = notes.length - MAX_NOTES
  return [...notes.slice(0, MAX_NOTES), { source: 'sensors', message: `${restCount} more notes` }]
}

function nothing(source: Note['source'], error: unknown): Findings {
  const { code, message } = isCodedError(error) ? error : { code: '', message: 'cannot be read' }
  const isMissing = code === 'ERR_PROGRAM_NOT_FOUND'
  const told = isMissing
    ? 'not installed; the Debian package lm-sensors adds labels and scaling'
    : cleanText(message)
  return { sightings: [], notes: [{ source, message: told }] }
}
