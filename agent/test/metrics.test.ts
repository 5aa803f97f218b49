// SPDX-License-Identifier: Apache-2.0
/** The file for Prometheus. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WitnessRow } from '@sallyport/core/audit'
import type { PluginCounters } from '@sallyport/core/plugins'
import { metricsText, openMetricsFile } from '../src/metrics.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-metrics-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

const counted = (done: number): PluginCounters => ({
  sensors: {
    runs: { done, failed: 1, refused: 0 },
    crashCount: 2,
    quarantineCount: 1,
    handleCalls: { 'files.read': { ok: 5, denied: 3, failed: 0 } },
  },
})

const witnessed: WitnessRow = {
  size: 7,
  epoch: 0,
  witnessedAtMs: 1_795_334_400_000,
  segmentsTo: 7,
  hubKey: null,
  hubNote: null,
  doubt: null,
  doubtedSinceMs: null,
  forkNote: null,
}

describe('the metrics', () => {
  it('say since when the hub is doubted as a witness, and when it last was one', async () => {
    const faithful = (await metricsText({}, witnessed)).split('\n')
    expect(faithful).toContain('sallyport_audit_hub_doubted_since_seconds 0')
    expect(faithful).toContain('sallyport_audit_witnessed_seconds 1795334400')
    const doubted = { ...witnessed, witnessedAtMs: null, doubt: 'why', doubtedSinceMs: 5_000 }
    const lines = (await metricsText({}, doubted)).split('\n')
    expect(lines).toContain('sallyport_audit_hub_doubted_since_seconds 5')
    expect(lines).toContain('sallyport_audit_witnessed_seconds 0')
  })

  it('are the counts of the plugin host, each with its labels', async () => {
    const lines = (await metricsText(counted(7), witnessed)).split('\n')
    expect(lines).toContain('sallyport_plugin_runs_total{plugin="sensors",state="done"} 7')
    expect(lines).toContain('sallyport_plugin_crashes_total{plugin="sensors"} 2')
    expect(lines).toContain('sallyport_plugin_quarantines_total{plugin="sensors"} 1')
    expect(lines).toContain(
      'sallyport_plugin_handle_calls_total{plugin="sensors",kind="files.read",outcome="denied"} 3',
    )
  })

  it('are counters, so what was counted once is not counted again', async () => {
    const path = join(folder, 'sallyport.prom')
    let done = 1
    await using metrics = openMetricsFile({
      path,
      counters: () => counted(done),
      witness: () => witnessed,
      onError: () => undefined,
      everyMs: 10,
    })
    await expectText(path, 'state="done"} 1')
    done = 2
    await expectText(path, 'state="done"} 2')
    await metrics[Symbol.asyncDispose]()
    expect(await readdir(folder)).toEqual(['sallyport.prom'])
    expect((await stat(path)).mode & 0o022).toBe(0)
  })

  it('that cannot be written are reported, and tried again', async () => {
    const errors: unknown[] = []
    const path = join(folder, 'missing', 'sallyport.prom')
    const onError = (error: unknown): void => void errors.push(error)
    const [counters, witness] = [() => ({}), () => witnessed]
    await using metrics = openMetricsFile({ path, counters, witness, onError, everyMs: 5 })
    while (errors.length < 2) await new Promise((done) => setTimeout(done, 5))
    expect(errors[0]).toMatchObject({ code: 'ENOENT' })
    await metrics[Symbol.asyncDispose]()
  })
})

async function expectText(path: string, text: string): Promise<void> {
  for (;;) {
    const found = await readFile(path, 'utf8').catch(() => '')
    if (found.includes(text)) return
    await new Promise((done) => setTimeout(done, 5))
  }
}
