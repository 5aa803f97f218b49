// SPDX-License-Identifier: Apache-2.0
/** The job `read`: kernel and `sensors` together, each alone, and neither. */
import { describe, expect, it } from '@jest/globals'
import { fakeFiles, fakeProgram, runJob } from '@sallyport/sdk/testing'
import type { FakeRun, FakeTree } from '@sallyport/sdk/testing'
import { plugin } from '../src/index.ts'
import { HOME_MACHINE, HOME_MACHINE_SENSORS, hwmonTree } from '../src/testing.ts'

const NOT_INSTALLED = { code: 'ERR_PROGRAM_NOT_FOUND' }

async function read(tree: FakeTree, sensors: FakeRun, input = {}) {
  const use = { hwmon: fakeFiles(tree), sensors: fakeProgram(sensors) }
  const { output } = await runJob(plugin, 'read', { input, use })
  return { ...output, denied: use.hwmon.calls.filter(({ code }) => code === 'ERR_HANDLE_DENIED') }
}

function chip(files: Record<string, string | { code: string }>) {
  return hwmonTree({ hwmon0: { folder: '/sys/devices/platform/x/hwmon/hwmon0', files } })
}

describe('the kernel alone', () => {
  it('gives every kind in its unit, from folders that are links', async () => {
    const { readings, denied } = await read(HOME_MACHINE, NOT_INSTALLED)
    expect(denied).toEqual([])
    const shown = readings.map((one) => [one.chip, one.label, one.value, one.unit])
    expect(shown).toEqual(
      expect.arrayContaining([
        ['k10temp', 'Tctl', 48.125, 'celsius'],
        ['nvme', 'Composite', 38.85, 'celsius'],
        ['nvme', 'Composite', 44.85, 'celsius'],
        ['nct6798', 'in0', 1.048, 'volts'],
        ['nct6798', 'fan1', 1180, 'rpm'],
        ['nct6798', 'fan2', 0, 'rpm'],
        ['nct6798', 'humidity1', 41.5, 'percent'],
        ['amdgpu', 'PPT', 9.175, 'watts'],
        ['amdgpu', 'curr1', 1.25, 'amperes'],
      ]),
    )
    expect(readings).toHaveLength(14)
    expect(new Set(readings.map(({ source }) => source))).toEqual(new Set(['hwmon']))
  })

  it('tells two drives of one make apart by their folder', async () => {
    const { readings } = await read(HOME_MACHINE, NOT_INSTALLED, { chip: 'nvme' })
    expect(readings.map(({ device, sensor }) => `${device} ${sensor}`)).toEqual([
      'hwmon1 temp1',
      'hwmon1 temp2',
      'hwmon3 temp1',
      'hwmon3 temp2',
    ])
  })

  it('keeps limits that mean something and drops "no limit"', async () => {
    const { readings } = await read(HOME_MACHINE, NOT_INSTALLED)
    const of = (label: string) => readings.find((one) => one.label === label)
    expect(of('Composite')).toMatchObject({ max: 83.85, crit: 87.85 })
    expect(of('Sensor 1')?.max).toBeUndefined()
    expect(of('in1')?.max).toBeUndefined()
    expect(of('PPT')).toMatchObject({ max: 54 })
  })

  it('notes what cannot be read and what the chip calls faulty', async () => {
    const { notes } = await read(HOME_MACHINE, NOT_INSTALLED)
    expect(notes).toEqual([
      { source: 'sensors', message: expect.stringContaining('lm-sensors') },
      { source: 'hwmon', chip: 'nct6798', label: 'AUXTIN', message: 'the chip reports a fault' },
      {
        source: 'hwmon',
        chip: 'iwlwifi_1',
        label: 'temp1',
        message: expect.stringContaining('cannot be read'),
      },
    ])
  })

  it.each([
    ['', 'no number'],
    ['N/A\n', 'no number'],
    ['42.5\n', 'no number'],
    ['0x2a\n', 'no number'],
    ['65261850\n', 'cannot be'],
    ['-273150\n', 'cannot be'],
  ])('makes no value out of %j', async (printed, why) => {
    const { readings, notes } = await read(
      chip({ name: 'x\n', temp1_input: printed }),
      NOT_INSTALLED,
    )
    expect(readings).toEqual([])
    expect(notes.at(-1)?.message).toContain(why)
  })

  it('reads a chip that has no name, and one whose label cannot be read', async () => {
    const files = { temp1_input: '20000\n', temp1_label: { code: 'ERR_FILE_READ' } }
    const { readings } = await read(chip(files), NOT_INSTALLED)
    expect(readings).toMatchObject([{ chip: 'hwmon0', label: 'temp1', value: 20 }])
  })

  it('goes on when one chip cannot be read at all', async () => {
    const tree = { ...HOME_MACHINE, '/sys/class/hwmon/hwmon7': { link: '/root/hidden' } }
    const { readings, notes } = await read(tree, NOT_INSTALLED)
    expect(readings).toHaveLength(14)
    expect(notes).toContainEqual(expect.objectContaining({ chip: 'hwmon7' }))
  })

  it('reads nothing but sensors: no serial numbers beside the chips', async () => {
    const link = { '/sys/class/hwmon/hwmon8': { link: '/sys/devices/virtual/dmi/id' } }
    const tree = { ...link, '/sys/devices/virtual/dmi/id/temp1_input': '1000' }
    const { readings, denied } = await read(tree, NOT_INSTALLED)
    expect(readings).toEqual([])
    expect(denied).not.toEqual([])
  })
})

describe('kernel and sensors together', () => {
  const both = () => read(HOME_MACHINE, { stdout: HOME_MACHINE_SENSORS })

  it('show a sensor that both see once', async () => {
    const { readings } = await both()
    expect(readings).toHaveLength(14)
    const keys = readings.map(({ chip, sensor }) => `${chip} ${sensor}`)
    expect(new Set(keys).size).toBe(14)
  })

  it('pair drives of one make by what they show', async () => {
    const { readings } = await both()
    const drives = readings.filter(({ label }) => label === 'Composite')
    expect(drives.map(({ chip, device, value }) => [chip, device, value])).toEqual([
      ['nvme-pci-0200', 'hwmon3', 44.85],
      ['nvme-pci-0100', 'hwmon1', 38.85],
    ])
  })

  it('prefer the configured scaling, and fill in what the program leaves out', async () => {
    const { readings } = await both()
    const of = (sensor: string) =>
      readings.find((one) => one.chip === 'nct6798-isa-0290' && one.sensor === sensor)
    expect(of('in1')).toMatchObject({ label: '+5V', value: 4.968, source: 'sensors' })
    expect(of('fan2')).toMatchObject({ value: 0, source: 'hwmon' })
  })

  it('note a sensor that neither can read once', async () => {
    const { notes } = await both()
    expect(notes.filter(({ label }) => label === 'temp1')).toHaveLength(1)
  })

  it('take the kernel value where the program shows none', async () => {
    const stdout = '{"k10temp-pci-00c3":{"Tctl":{},"other":{"temp9_input":1.0}}}'
    const { readings, notes } = await read(HOME_MACHINE, { stdout }, { chip: 'k10temp' })
    expect(readings).toMatchObject([
      { chip: 'k10temp-pci-00c3', label: 'Tctl', value: 48.125, source: 'hwmon' },
      { chip: 'k10temp-pci-00c3', label: 'other', value: 1, source: 'sensors' },
    ])
    expect(notes).toEqual([])
  })

  it('know a sensor by the error line that stands for it', async () => {
    const line = "ERROR: Can't get value of subfeature in0_input: Can't read"
    const stdout = `{"x-isa-0":{\n"Vcore":{\n${line}\n}\n}\n}\n`
    const { readings, notes } = await read(chip({ name: 'x\n', in0_input: '1048\n' }), { stdout })
    expect(readings).toMatchObject([{ label: 'Vcore', value: 1.048, source: 'hwmon' }])
    expect(notes).toEqual([])
  })

  it('take the kernel values where the program prints Fahrenheit', async () => {
    const text =
      '{"coretemp-isa-0000":{"P":{"temp1_input":107.6,"temp1_crit":212.0},"C":{"temp2_input":98.6},"D":{"temp3_input":96.8}}}'
    const tree = chip({ name: 'coretemp\n', temp1_input: '42000\n', temp1_crit: '100000\n' })
    const { readings, notes } = await read(tree, { stdout: text })
    expect(readings).toMatchObject([{ value: 42, crit: 100, source: 'hwmon' }])
    expect(notes).toMatchObject([{ message: expect.stringContaining('Fahrenheit') }])
  })
})

describe('a filter', () => {
  it('takes a driver or a full name, and nothing that only begins alike', async () => {
    const count = async (name: string) =>
      (await read(HOME_MACHINE, { stdout: HOME_MACHINE_SENSORS }, { chip: name })).readings.length
    expect(await count('nvme')).toBe(4)
    expect(await count('nvme-pci-0100')).toBe(2)
    expect(await count('nvm')).toBe(0)
  })
})

describe('a program that prints rubbish by the page', () => {
  it('does not crowd out the readings', async () => {
    const stdout = `${'rubbish\n'.repeat(30_000)}${HOME_MACHINE_SENSORS}`
    const { readings, notes } = await read(HOME_MACHINE, { stdout })
    expect(readings).toHaveLength(14)
    expect(notes).toHaveLength(101)
    expect(notes.at(-1)?.message).toBe('29902 more notes')
  })
})

describe('a host without sensors', () => {
  it('says so instead of failing', async () => {
    const printed = { stdout: '{\n\n}\n', stderr: 'No sensors found!\nMake sure …\n', exitCode: 1 }
    const { readings, notes } = await read({}, printed)
    expect(readings).toEqual([])
    expect(notes).toEqual([
      { source: 'hwmon', message: expect.stringContaining('virtual machine') },
      { source: 'sensors', message: 'No sensors found!' },
    ])
  })

  it.each([
    [{ exitCode: null, signal: 'SIGKILL' }, 'SIGKILL'],
    [{ code: 'ERR_LIMIT' }, 'cannot be run'],
    [{ stdout: 'Segmentation fault' }, 'Segmentation fault'],
  ])('says how the program ended: %j', async (run, expected) => {
    const { notes } = await read({}, run)
    expect(notes.map(({ message }) => message).join('; ')).toContain(expected)
  })
})
