// SPDX-License-Identifier: Apache-2.0
/** Outputs and file trees of real machines, where they are kept beside the project; its own table where they are not. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { fakeFiles, fakeProgram, runJob } from '@sallyport/sdk/testing'
import type { FakeFile, FakeRun } from '@sallyport/sdk/testing'
import { plugin } from '../src/index.ts'
import type { Reading } from '../src/reading.ts'
import { SENSORS_TEXTS } from '../src/testing.ts'

const FOLDER = join(import.meta.dirname, '../../../../shared/contracts/sensors')
const NOT_INSTALLED = { code: 'ERR_PROGRAM_NOT_FOUND' }

interface Sample {
  readonly file: string
  readonly stderr?: string | null
  readonly strictJson: boolean
  readonly note: string
}

type Shown = [chip: string, label: string, value: number]

async function read(tree: Record<string, FakeFile>, sensors: FakeRun) {
  const use = { hwmon: fakeFiles(tree), sensors: fakeProgram(sensors) }
  return (await runJob(plugin, 'read', { use })).output
}

if (existsSync(FOLDER)) recorded()
else ownTable()

function ownTable(): void {
  it('without recordings at hand, the own table of texts holds through the whole job', async () => {
    for (const { text, readings, notes } of SENSORS_TEXTS) {
      const output = await read({}, { stdout: text })
      expect(output.readings.map(({ value }) => value)).toEqual(
        readings.map(([, , value]) => value),
      )
      for (const part of notes) {
        expect(output.notes.map(({ message }) => message).join('\n')).toContain(part)
      }
    }
    expect(SENSORS_TEXTS.length).toBeGreaterThan(20)
  })
}

function recorded(): void {
  const load = (path: string): string => readFileSync(join(FOLDER, path), 'utf8')
  const { samples } = JSON.parse(load('index.json')) as { samples: Sample[] }
  const outputOf = (sample: Sample): FakeRun => ({
    stdout: load(`samples/${sample.file}`),
    stderr: sample.stderr ? load(`samples/${sample.stderr}`) : '',
    exitCode:
      sample.stderr && /No sensors|not found/.test(load(`samples/${sample.stderr}`)) ? 1 : 0,
  })
  const isUnlabelledFahrenheit = (sample: Sample): boolean =>
    sample.note.includes('degrees Fahrenheit, nothing in the output says so')

  it('46 outputs are at hand', () => {
    expect(samples).toHaveLength(46)
  })

  it.each(samples)('$file gives readings or a clear note', async (sample) => {
    const { readings, notes } = await read({}, outputOf(sample))
    const isAboutOutput = ({ source }: { source: string }): boolean => source === 'sensors'
    expect(readings.length + notes.filter(isAboutOutput).length).toBeGreaterThan(0)
    for (const one of readings) {
      expect(Number.isFinite(one.value)).toBe(true)
      for (const limit of [one.max, one.crit]) {
        if (limit !== undefined) expect(limit > 0 && limit < 10_000).toBe(true)
      }
    }
  })

  const strict = samples.filter((one) => one.strictJson && !isUnlabelledFahrenheit(one))
  it.each(strict)('$file loses and changes nothing', async (sample) => {
    const { stdout } = outputOf(sample) as { stdout: string }
    const { readings } = await read({}, { stdout })
    const expected = shownIn(JSON.parse(stdout) as Json)
    expect(shownBy(readings)).toEqual(expect.arrayContaining(expected))
    expect(readings).toHaveLength(printedValues(stdout).length || expected.length)
  })

  it.each(samples.filter((one) => !one.strictJson))(
    '$file gives every value that is printed in full, and no other',
    async (sample) => {
      const { stdout } = outputOf(sample) as { stdout: string }
      const { readings, notes } = await read({}, { stdout })
      const numbers = readings.map(({ value }) => value)
      expect(numbers.toSorted(byNumber)).toEqual(printedValues(stdout).toSorted(byNumber))
      if (/ERROR|NaN/.test(stdout) || numbers.length === 0) expect(notes).not.toHaveLength(1)
    },
  )

  it.each(samples.filter(isUnlabelledFahrenheit))(
    '$file gives no temperature that would be wrong, and says why',
    async (sample) => {
      const { readings, notes } = await read({}, outputOf(sample))
      expect(readings.map(({ unit }) => unit)).toEqual(['volts', 'amperes'])
      expect(notes.map(({ message }) => message).join()).toContain('Fahrenheit')
    },
  )

  describe('a recorded file tree', () => {
    const { files } = JSON.parse(load('proc/proc-sys-fixtures.json')) as {
      files: Record<string, Record<string, FakeFile>>
    }
    const laptop = sysTree(files['lm-sensors-laptop-sysfs']!)
    const printed = load('samples/tool-3.6.2-laptop.stdout')

    it('gives by the kernel what sensors prints of it', async () => {
      const { readings } = await read(laptop, NOT_INSTALLED)
      const shown = shownBy(readings.map((one) => ({ ...one, chip: `${one.chip}-` })))
      const expected = shownIn(JSON.parse(printed) as Json)
      const driver = ([chip, ...rest]: Shown): unknown[] => [`${chip.split('-')[0]}-`, ...rest]
      expect(shown).toHaveLength(22)
      expect(shown).toEqual(expect.arrayContaining(expected.map(driver)))
    })

    it.each([
      ['tool-3.6.2-laptop.stdout', 22],
      ['tool-3.6.2-laptop-noadapter.stdout', 22],
      ['tool-3.6.2-laptop-nan.stdout', 22],
      ['tool-3.6.2-laptop-fahrenheit.stdout', 22],
      ['tool-3.6.2-laptop-two-chips.stdout', 22],
      ['tool-head-laptop-newjson.stdout', 22],
      ['tool-head-laptop-err.stdout', 22],
    ])('shows each sensor once, with %s beside it', async (file, count) => {
      const { readings } = await read(laptop, { stdout: load(`samples/${file}`) })
      expect(readings).toHaveLength(count)
      const sensors = readings.map(({ device, sensor }) => `${device} ${sensor}`)
      expect(new Set(sensors).size).toBe(count)
      const temperatures = readings.filter(({ unit }) => unit === 'celsius')
      expect(temperatures.every(({ value }) => value > 20 && value < 60)).toBe(true)
    })

    it('with chips of many makes gives only what can be', async () => {
      const { readings, notes } = await read(sysTree(files['node_exporter-sys']!), NOT_INSTALLED)
      expect(readings).toHaveLength(23)
      expect(readings.find(({ label }) => label === 'Sensor 8')).toMatchObject({ value: 43.85 })
      expect(readings.filter(({ max }) => max !== undefined && max > 1_000)).toEqual([])
      expect(notes.map(({ source }) => source)).toEqual(['sensors'])
    })

    it.each(['prometheus-procfs', 'node_exporter'])(
      'of /proc (%s) is read as it is',
      async (name) => {
        const tree = Object.fromEntries(
          Object.entries(files[name]!).map(([path, content]) => [`/${path}`, content]),
        )
        const use = { proc: fakeFiles(tree), df: fakeProgram({ stdout: '' }) }
        const { output } = await runJob(plugin, 'host', { use })
        const kib = /MemTotal: +(\d+)/.exec(String(tree['/proc/meminfo']))?.[1]
        expect(output.memory?.totalBytes).toBe(Number(kib) * 1024)
        expect(output.load?.oneMinute).toBe(Number(String(tree['/proc/loadavg']).split(' ')[0]))
        expect(output.pressure.io?.full?.average10SecondsPercent).toBeGreaterThan(0)
        expect(output.cpu?.coreCount).toBe(tree['/proc/stat'] === undefined ? undefined : 8)
      },
    )
  })
}

type Json = Record<string, Record<string, Record<string, unknown>>>

/** What a sound document shows, read in the plainest way. */
function shownIn(document: Json): Shown[] {
  return Object.entries(document).flatMap(([chip, features]) =>
    Object.entries(features).flatMap(([name, feature]) => {
      const input = feature['input'] as { value: number; unit: string } | undefined
      if (input !== undefined) {
        const value = input.unit === '°F' ? (input.value - 32) / 1.8 : input.value
        return [[chip, String(feature['label'] ?? name), rounded(value)] as Shown]
      }
      const key = Object.keys(feature).find((each) => VALUE_NAME.test(each))
      return key === undefined ? [] : [[chip, name, feature[key]] as Shown]
    }),
  )
}

function shownBy(readings: readonly Reading[]): Shown[] {
  return readings.map(({ chip, label, value }) => [chip, label, value])
}

const VALUE_NAME = /^(temp|fan|in|power|curr|humidity)\d+_(input|average)$/
const PRINTED =
  /"(?:temp|fan|in|power|curr|humidity)\d+_(?:input|average)"\s*:\s*(-?\d+(?:\.\d+)?)(?=[^\d.])/g

/** Values that a text prints in full, found without reading its structure. */
function printedValues(text: string): number[] {
  return [...text.matchAll(PRINTED)].map(([, digits]) => Number(digits))
}

function byNumber(a: number, b: number): number {
  return a - b
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}

/** Paths are relative to /sys in the recording, and links too; a link is made for each chip that has none. */
function sysTree(files: Record<string, FakeFile>): Record<string, FakeFile> {
  const tree: Record<string, FakeFile> = {}
  const linked = new Set<string>()
  const link = (from: string, to: string): void => {
    tree[from] = { link: to }
    linked.add(to)
  }
  for (const [path, content] of Object.entries(files)) {
    const target = typeof content === 'object' && 'link' in content ? content.link : undefined
    if (target === undefined) tree[`/sys/${path}`] = content
    else if (path.startsWith('class/hwmon/')) link(`/sys/${path}`, join('/sys/class/hwmon', target))
  }
  for (const path of Object.keys(files)) {
    const folder = /^(devices\/.*\/hwmon\d+)\/name$/.exec(path)?.[1]
    if (folder === undefined || linked.has(`/sys/${folder}`)) continue
    link(`/sys/class/hwmon/hwmon${100 + linked.size}`, `/sys/${folder}`)
  }
  return tree
}
