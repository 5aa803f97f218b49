// SPDX-License-Identifier: Apache-2.0
/** Measures plugins on this host and prints what it took. */
import { measurePlugins } from '@sallyport/core/plugins'
import { EXIT } from '../output/exit-codes.ts'
import { table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { VERSION } from '../program.ts'

const TRY_COUNT = 20

const COLUMNS = [
  { head: 'what' },
  { head: 'tries', isNumber: true },
  { head: 'p50', isNumber: true },
  { head: 'p95', isNumber: true },
] as const

/** Starts a plugin of the program's own twenty times; returns the exit code. Throws: what measuring throws. */
export async function doctorBench(talk: Talk): Promise<number> {
  const measurements = await waiting(talk, 'measuring', () => measurePlugins(TRY_COUNT))
  talk.answer({ format: 'sallyport.doctor-bench/1', version: VERSION, measurements }, () => {
    const rows = measurements.map(({ name, tryCount, p50Ms, p95Ms }) => [
      name,
      String(tryCount),
      inMs(p50Ms),
      inMs(p95Ms),
    ])
    return table(COLUMNS, rows, talk.paint)
  })
  return EXIT.done
}

function inMs(value: number): string {
  return `${value < 10 ? value.toFixed(2) : Math.round(value)} ms`
}
