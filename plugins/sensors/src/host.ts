// SPDX-License-Identifier: Apache-2.0
/** The state of one host, each part read on its own: what cannot be read becomes a note, the rest stands. */
import { setTimeout as wait } from 'node:timers/promises'
import { isCodedError } from '@sallyport/sdk'
import type { FileReader, ProgramRunner } from '@sallyport/sdk'
import { z } from 'zod'
import { DF_ARGS, parseDf } from './disks.ts'
import * as proc from './proc.ts'
import { cleanText } from './reading.ts'

const bytes = z.number().int().min(0)
const percent = z.number().min(0).max(100)

const PressureLine = z.object({
  average10SecondsPercent: percent,
  average60SecondsPercent: percent,
  average300SecondsPercent: percent,
  totalMicroseconds: z.number().min(0),
})

const Pressure = z.object({
  some: PressureLine.describe('some task waited'),
  full: PressureLine.optional().describe('all tasks waited'),
})

/** The state of one host. A part that is missing has a note that says why. */
export const Host = z.object({
  kernelRelease: z.string().optional(),
  uptimeSeconds: z.number().min(0).optional(),
  load: z
    .object({ oneMinute: z.number(), fiveMinutes: z.number(), fifteenMinutes: z.number() })
    .optional()
    .describe('tasks that ran or waited, on average'),
  memory: z
    .object({
      totalBytes: bytes,
      freeBytes: bytes,
      availableBytes: bytes.optional(),
      usedBytes: bytes.optional(),
    })
    .optional(),
  swap: z.object({ totalBytes: bytes, freeBytes: bytes, usedBytes: bytes }).optional(),
  cpu: z
    .object({
      model: z.string().optional(),
      coreCount: z.number().int().min(1),
      sampleMs: z.number().describe('time between the two samples that the use is taken from'),
      usePercent: percent.optional().describe('of all cores together'),
      cores: z.array(z.object({ core: z.number().int().min(0), usePercent: percent })),
    })
    .optional(),
  pressure: z
    .object({
      cpu: Pressure.optional(),
      memory: Pressure.optional(),
      io: Pressure.optional(),
    })
    .describe('share of time that tasks waited for a resource'),
  disks: z
    .array(
      z.object({
        mountPoint: z.string(),
        device: z.string(),
        fileSystem: z.string(),
        sizeBytes: bytes,
        usedBytes: bytes,
        availableBytes: bytes,
      }),
    )
    .optional(),
  notes: z.array(z.object({ part: z.string(), message: z.string() })),
})
export type Host = z.infer<typeof Host>

const SAMPLE_MS = 250

/** Reads all parts at the same time; takes as long as the two samples of core times lie apart. */
export async function readHost(
  files: FileReader,
  df: ProgramRunner,
  signal: AbortSignal,
): Promise<Host> {
  const notes: Host['notes'] = []
  const part = async <T>(name: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read()
    } catch (error) {
      signal.throwIfAborted()
      notes.push({ part: name, message: reasonOf(error) })
      return undefined
    }
  }
  const parsed = <T>(
    name: string,
    path: string,
    parse: (text: string) => T,
  ): Promise<T | undefined> => part(name, async () => parse(await files.text(path)))
  const pressure = (resource: string): Promise<proc.Pressure | undefined> =>
    parsed(`pressure ${resource}`, `/proc/pressure/${resource}`, proc.parsePressure)
  const [kernelRelease, uptimeSeconds, load, memory, cpu, disks, cpuWait, memoryWait, ioWait] =
    await Promise.all([
      parsed('kernel', '/proc/sys/kernel/osrelease', (text) => text.trim()),
      parsed('uptime', '/proc/uptime', proc.parseUptimeSeconds),
      parsed('load', '/proc/loadavg', proc.parseLoad),
      parsed('memory', '/proc/meminfo', proc.parseMemory),
      part('cpu', () => readCpu(files, signal)),
      part('disks', () => readDisks(df, notes)),
      pressure('cpu'),
      pressure('memory'),
      pressure('io'),
    ])
  notes.sort((a, b) => a.part.localeCompare(b.part, 'en'))
  const waits = { cpu: cpuWait, memory: memoryWait, io: ioWait }
  return { kernelRelease, uptimeSeconds, load, ...memory, cpu, pressure: waits, disks, notes }
}

async function readCpu(files: FileReader, signal: AbortSignal): Promise<Host['cpu']> {
  const sample = async (): Promise<Map<string, proc.CoreTimes>> =>
    proc.parseCoreTimes(await files.text('/proc/stat'))
  const before = await sample()
  await wait(SAMPLE_MS, undefined, { signal })
  const after = await sample()
  const cores = [...after.keys()].filter((name) => name !== 'cpu')
  return {
    model: await files.text('/proc/cpuinfo').then(proc.parseCpuModel, () => undefined),
    coreCount: cores.length,
    sampleMs: SAMPLE_MS,
    usePercent: proc.usePercent(before.get('cpu'), after.get('cpu')),
    cores: cores.flatMap((name) => {
      const usePercent = proc.usePercent(before.get(name), after.get(name))
      return usePercent === undefined ? [] : [{ core: Number(name.slice(3)), usePercent }]
    }),
  }
}

async function readDisks(df: ProgramRunner, notes: Host['notes']): Promise<Host['disks']> {
  const { stdout, stderr, exitCode } = await df.run(DF_ARGS)
  const complaint = stderr.trim().split('\n')[0] ?? ''
  if (exitCode !== 0) {
    notes.push({ part: 'disks', message: `df ended with ${exitCode}: ${cleanText(complaint)}` })
  }
  return parseDf(stdout)
}

function reasonOf(error: unknown): string {
  if (isCodedError(error)) return cleanText(error.message)
  return error instanceof TypeError ? error.message : 'cannot be read'
}
