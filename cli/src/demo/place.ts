// SPDX-License-Identifier: Apache-2.0
/** The temporary folder of a demo and the processes in it; all of it goes, however the demo ends. */
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { homeLayout } from '../home.ts'
import type { Home } from '../home.ts'
import type { RunningProgram } from './programs.ts'

/** Where a demo takes place. */
export interface DemoPlace extends AsyncDisposable {
  readonly folder: string
  readonly home: Home
  /** Remembers a program, so that it is stopped with the rest. */
  add(program: RunningProgram): RunningProgram
  /** Leaves folder and programs as they are. */
  keep(): void
}

/** Exit codes of a process that a signal ended: 128 plus the signal's number, as shells have it. */
const EXIT_BY_SIGNAL = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Makes the folder and sees to it that it goes again, also on a signal and on a failure. */
export async function openPlace(): Promise<DemoPlace> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-demo-'))
  const programs: RunningProgram[] = []
  let isKept = false
  const leave = () => {
    if (isKept) return
    for (const program of programs) program.kill()
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', leave)
  const removeSignals = endOnSignals()
  return {
    folder,
    home: homeLayout(folder),
    add(program) {
      programs.push(program)
      return program
    },
    keep() {
      isKept = true
      for (const program of programs) program.release()
    },
    async [Symbol.asyncDispose]() {
      removeSignals()
      if (isKept) return
      // The agent first: it ends its plugins and tells its log.
      for (const program of programs.toReversed()) await program.stop()
      await rm(folder, { recursive: true, force: true })
      process.off('exit', leave)
    },
  }
}

/** Ends through `process.exit`, which runs the way out; a signal's own way would skip it. */
function endOnSignals(): () => void {
  const handlers = Object.entries(EXIT_BY_SIGNAL).map(([signal, code]) => {
    const handler = () => {
      process.stderr.write(
        '\nstopped; hub and agent of the demo are ended, its folder is removed\n',
      )
      process.exit(code)
    }
    process.once(signal, handler)
    return () => void process.off(signal, handler)
  })
  return () => handlers.forEach((remove) => remove())
}
