// SPDX-License-Identifier: Apache-2.0
/** The end of a run that the disk does not take at once: it is written later, and the hub learns nothing else meanwhile. */
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { CodedError } from '@sallyport/sdk'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seal } from '../../src/crypto/index.ts'
import type { Journal } from '../../src/runner/index.ts'
import { agent, labelOf, sealingKeyOf, signJob } from '../support/site.ts'
import { Bench } from './bench.ts'

let folder: string
let code: string | undefined
const warned: unknown[] = []
const log = { info() {}, warn: (fields: unknown) => void warned.push(fields) }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-unwritten-'))
  code = 'ERR_STORE_WRITE'
  warned.length = 0
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** A journal that cannot end a run as long as there is a code. */
const fullAtTheEnd = (journal: Journal): Journal => ({
  ...journal,
  finishRun(jobId, atMs) {
    if (code !== undefined) throw new CodedError(code, 'disk full')
    journal.finishRun(jobId, atMs)
  },
})

const turn = (): Promise<void> => new Promise((done) => setTimeout(done, 10))

it('is written once the disk takes it; a delivery that comes meanwhile is not refused as a replay', async () => {
  using bench = new Bench(folder, fullAtTheEnd, { log })
  const envelope = signJob()
  const label = labelOf(envelope)
  const delivery = { envelopeId: label, sealed: await seal(envelope, [sealingKeyOf(agent)]) }
  const first = bench.runner.receive(delivery)
  while (warned.length === 0) await turn()
  await bench.runner.receive(delivery)
  await bench.runner.flush()
  await turn()
  expect(bench.sent.size).toBe(0)
  expect(bench.runner.activeCount).toBe(1)
  expect(warned).toHaveLength(2)
  code = undefined
  await bench.runner.flush()
  await first
  expect(await bench.answerTo(label)).toMatchObject({ state: 'done', output: { celsius: 41 } })
  expect(bench.events()).toEqual(['job.admitted', 'run.finished'])
  expect(bench.runs).toHaveLength(1)
})

it('is left open for the next start when the agent stops before', async () => {
  using bench = new Bench(folder, fullAtTheEnd, { log })
  const received = bench.deliver(signJob())
  while (warned.length === 0) await turn()
  bench.runner.abort()
  await expect(received).rejects.toMatchObject({ code: 'ERR_STORE_WRITE' })
  expect(bench.journal.openRuns()).toHaveLength(1)
  code = undefined
  expect(bench.runner.recover()).toBe(1)
})

it('is not tried again when no waiting can help', async () => {
  code = 'ERR_STORE_CONFLICT'
  using bench = new Bench(folder, fullAtTheEnd, { log })
  await expect(bench.deliver(signJob())).rejects.toMatchObject({ code })
  expect(warned).toEqual([])
})
