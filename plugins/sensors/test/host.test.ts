// SPDX-License-Identifier: Apache-2.0
/** The job `host`: values in stated units, and a note for each part that is not to be had. */
import { describe, expect, it } from '@jest/globals'
import { fakeFiles, fakeProgram, runJob } from '@sallyport/sdk/testing'
import type { FakeRun, FakeTree } from '@sallyport/sdk/testing'
import { plugin } from '../src/index.ts'
import { parseCpuModel, usePercent } from '../src/proc.ts'
import { DF_TEXT, PROC, STAT_AFTER } from '../src/testing.ts'

async function host(tree: FakeTree, df: FakeRun = { stdout: DF_TEXT }) {
  const use = { proc: fakeFiles(tree), df: fakeProgram(df) }
  return (await runJob(plugin, 'host', { use })).output
}

/** /proc on which time passes: the second look at /proc/stat is a quarter second later. */
function movingProc() {
  const fake = fakeFiles(PROC)
  const stats = [String(PROC['/proc/stat']), STAT_AFTER]
  const text = async (path: string) => (path === '/proc/stat' ? stats.shift()! : fake.text(path))
  return { text, bytes: fake.bytes, list: fake.list }
}

describe('a sound host', () => {
  it('gives every part in the unit its name states', async () => {
    const { cpu, disks, ...rest } = await host(PROC)
    expect(rest).toEqual({
      kernelRelease: '6.8.12-4-pve',
      uptimeSeconds: 86461.27,
      load: { oneMinute: 0.42, fiveMinutes: 1.05, fifteenMinutes: 12 },
      memory: {
        totalBytes: 16_777_216_000,
        freeBytes: 1_048_576_000,
        availableBytes: 8_388_608_000,
        usedBytes: 8_388_608_000,
      },
      swap: { totalBytes: 4_194_304_000, freeBytes: 3_145_728_000, usedBytes: 1_048_576_000 },
      pressure: {
        cpu: {
          some: {
            average10SecondsPercent: 1.5,
            average60SecondsPercent: 2.25,
            average300SecondsPercent: 0.75,
            totalMicroseconds: 123456,
          },
        },
        memory: expect.objectContaining({ full: expect.anything() }),
        io: expect.objectContaining({ full: expect.anything() }),
      },
      notes: [],
    })
    expect(cpu).toMatchObject({ model: 'Example CPU 2-Core', coreCount: 2, sampleMs: 250 })
    expect(disks).toEqual([
      {
        mountPoint: '/',
        device: '/dev/mapper/pve-root',
        fileSystem: 'ext4',
        sizeBytes: 100861726720,
        usedBytes: 22548578304,
        availableBytes: 73142861824,
      },
      expect.objectContaining({ mountPoint: '/boot/efi', fileSystem: 'vfat' }),
      expect.objectContaining({ mountPoint: '/rpool/data disk one', device: 'rpool/data' }),
    ])
  })

  it('takes the use of each core from two samples a quarter second apart', async () => {
    const startedAt = performance.now()
    const use = { proc: movingProc(), df: fakeProgram({ stdout: DF_TEXT }) }
    const { cpu } = (await runJob(plugin, 'host', { use })).output
    expect(performance.now() - startedAt).toBeGreaterThan(245)
    expect(cpu?.cores).toEqual([
      { core: 0, usePercent: 80 },
      { core: 1, usePercent: 20 },
    ])
    expect(cpu?.usePercent).toBe(50)
  })

  it('gives no use of a core for which no time passed', async () => {
    const { cpu } = await host(PROC)
    expect(cpu).toMatchObject({ coreCount: 2, cores: [] })
    expect(cpu?.usePercent).toBeUndefined()
  })
})

describe('a host where something is missing', () => {
  it.each([
    ['load', '/proc/loadavg', 'load'],
    ['memory', '/proc/meminfo', 'memory'],
    ['uptime', '/proc/uptime', 'uptimeSeconds'],
    ['kernel', '/proc/sys/kernel/osrelease', 'kernelRelease'],
    ['cpu', '/proc/stat', 'cpu'],
  ] as const)('notes the part %s and gives the rest', async (part, path, key) => {
    const output = await host({ ...PROC, [path]: { code: 'ERR_FILE_READ' } })
    expect(output[key]).toBeUndefined()
    expect(output.notes).toEqual([{ part, message: expect.stringContaining(path) }])
    expect(output.disks).toHaveLength(3)
  })

  it.each([
    ['/proc/loadavg', 'nonsense'],
    ['/proc/meminfo', 'MemTotal: 1 kB'],
    ['/proc/uptime', ''],
    ['/proc/stat', 'cpu'],
    ['/proc/pressure/io', 'some'],
  ])('makes no value out of a strange %s', async (path, text) => {
    const { notes } = await host({ ...PROC, [path]: text })
    expect(notes).toHaveLength(1)
    expect(notes[0]?.message).toMatch(/unexpected form/)
  })

  it('does without pressure where the kernel offers none', async () => {
    const without = Object.entries(PROC).filter(([path]) => !path.startsWith('/proc/pressure'))
    const { pressure, notes } = await host(Object.fromEntries(without))
    expect(pressure).toEqual({})
    expect(notes.map(({ part }) => part)).toEqual([
      'pressure cpu',
      'pressure io',
      'pressure memory',
    ])
  })

  it('does not estimate available memory where the kernel does not', async () => {
    const meminfo = 'MemTotal: 100 kB\nMemFree: 50 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n'
    const { memory, swap } = await host({ ...PROC, '/proc/meminfo': meminfo })
    expect(memory).toEqual({ totalBytes: 102_400, freeBytes: 51_200 })
    expect(swap).toEqual({ totalBytes: 0, freeBytes: 0, usedBytes: 0 })
  })

  it('keeps the disks that df could look at, and notes its complaint', async () => {
    const stderr = 'df: /mnt/lost: Transport endpoint is not connected\n'
    const { disks, notes } = await host(PROC, { stdout: DF_TEXT, stderr, exitCode: 1 })
    expect(disks).toHaveLength(3)
    expect(notes).toEqual([{ part: 'disks', message: expect.stringContaining('/mnt/lost') }])
  })

  it.each([{ code: 'ERR_PROGRAM_NOT_FOUND' }, { code: 'ERR_LIMIT' }])(
    'notes that df is not to be had: %j',
    async (df) => {
      const { disks, notes } = await host(PROC, df)
      expect(disks).toBeUndefined()
      expect(notes).toMatchObject([{ part: 'disks' }])
    },
  )

  it('stops at once when the run is aborted', async () => {
    const use = { proc: fakeFiles(PROC), df: fakeProgram({ stdout: DF_TEXT }) }
    const run = runJob(plugin, 'host', { use, signal: AbortSignal.timeout(20) })
    await expect(run).rejects.toMatchObject({ name: 'TimeoutError' })
  })
})

describe('the numbers', () => {
  it('of a core stay between 0 and 100, also when counters run backwards', () => {
    const ticks = (busyTicks: number, totalTicks: number) => ({ busyTicks, totalTicks })
    expect(usePercent(ticks(0, 0), ticks(30, 25))).toBe(100)
    expect(usePercent(ticks(10, 0), ticks(5, 25))).toBe(0)
    expect(usePercent(ticks(0, 0), ticks(1, 3))).toBe(33.3)
    expect(usePercent(undefined, ticks(1, 3))).toBeUndefined()
  })

  it.each([
    ['processor\t: 0\ncpu family\t: 6\nmodel name\t: A B\n', 'A B'],
    ['processor\t: 0\ncpu\t\t: POWER9\n', 'POWER9'],
    ['processor\t: 0\nBogoMIPS\t: 108.00\n\nModel\t\t: Some Board Rev 1.4\n', 'Some Board Rev 1.4'],
    ['processor\t: 0\nBogoMIPS\t: 50.00\n', undefined],
  ])('come with the model where %j names one', (text, model) => {
    expect(parseCpuModel(text)).toBe(model)
  })
})
