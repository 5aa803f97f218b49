// SPDX-License-Identifier: Apache-2.0
/** What the compiler must infer and refuse; read by the compiler, never run. */
import { z } from 'zod'
import { defineJob, definePlugin, exec, files, manifestOf, state } from '../src/index.ts'
import type { FileReader, HandleOf, Permission, Plan, Plugin, ProgramRunner } from '../src/index.ts'
import { fakeFiles, fakeProgram, runJob } from '../src/testing/index.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const isTrue = <T extends true>(_is?: T): void => {}

const base = {
  summary: 'A job type',
  effect: 'read',
  input: z.strictObject({ name: z.string(), count: z.int().default(1) }),
  output: z.object({ seconds: z.number() }),
} as const

// The input is inferred as the schema yields it, with defaults filled in.
const inferred = defineJob({
  ...base,
  permissions: { proc: files.read('/proc/*'), tool: exec('/bin/x', []), own: state() },
  run: async ({ input, use, plan, signal }) => {
    isTrue<Same<typeof input, { name: string; count: number }>>()
    isTrue<Same<typeof use.proc, FileReader>>()
    isTrue<Same<typeof use.tool, ProgramRunner>>()
    isTrue<Same<typeof plan, undefined>>()
    isTrue<Same<typeof signal, AbortSignal>>()
    // @ts-expect-error a field that the schema does not have
    void input.missing
    // @ts-expect-error a handle that `permissions` does not name
    void use.network
    // @ts-expect-error a method that a file reader does not have
    void use.proc.run([])
    // @ts-expect-error a method that a program does not have
    void use.tool.text('/proc/uptime')
    // @ts-expect-error a path is text
    void use.proc.text(1)
    // @ts-expect-error handles cannot be replaced
    use.proc = use.proc
    return { seconds: 1 }
  },
})

// The output must be what the schema takes.
defineJob({
  ...base,
  permissions: {},
  // @ts-expect-error seconds is a number
  run: async () => ({ seconds: 'one' }),
})

// What `plan` returns is what `run` gets.
const planned = defineJob({
  ...base,
  permissions: { proc: files.read('/proc/uptime') },
  async plan({ use }) {
    const state = { from: await use.proc.text('/proc/uptime'), to: 2 as const }
    return { changes: [{ op: 'change', what: 'a thing' }], state }
  },
  async run({ plan }) {
    isTrue<Same<typeof plan, Plan<{ from: string; to: 2 }>>>()
    // @ts-expect-error a member that its state does not have
    void plan.state.at
    return { seconds: plan.state.to }
  },
})

// `plan` cannot report progress: it changes nothing and takes no time.
defineJob({
  ...base,
  permissions: {},
  // @ts-expect-error progress is for `run`
  plan: async ({ progress }) => progress('x'),
  run: async () => ({ seconds: 1 }),
})

// A plan has changes for people, and the state that was seen.
defineJob({
  ...base,
  permissions: {},
  // @ts-expect-error no changes
  plan: async () => ({ state: 1 }),
  run: async () => ({ seconds: 1 }),
})
defineJob({
  ...base,
  permissions: {},
  // @ts-expect-error a change that is none
  plan: async () => ({ changes: [{ op: 'destroy', what: 'all' }], state: 1 }),
  run: async () => ({ seconds: 1 }),
})

defineJob({
  ...base,
  // @ts-expect-error an effect outside the three grades
  effect: 'look',
  permissions: {},
  run: async () => ({ seconds: 1 }),
})

defineJob({
  ...base,
  // @ts-expect-error a permission of a kind that does not exist
  permissions: { a: { kind: 'socket' } },
  run: async () => ({ seconds: 1 }),
})

defineJob({
  ...base,
  // @ts-expect-error a schema must be able to print itself as JSON Schema
  input: { parse: () => 1 },
  permissions: {},
  run: async () => ({ seconds: 1 }),
})

isTrue<Same<HandleOf<Permission<'files.read'>>, FileReader>>()

// A plugin keeps the types of its job types and is still a Plugin.
const plugin = definePlugin({ name: 'a', summary: 'A plugin', jobs: { inferred, planned } })
const plain: Plugin = plugin
void manifestOf(plain, '1.0.0')

// @ts-expect-error a plugin says what it is
definePlugin({ name: 'a', jobs: {} })

// @ts-expect-error a member that a plugin does not have
definePlugin({ name: 'a', summary: 'A plugin', jobs: {}, version: '1.0.0' })

const proc = fakeFiles({})
const { output } = await runJob(plugin, 'planned', { use: { proc } })
isTrue<Same<typeof output, { seconds: number }>>()

// @ts-expect-error a job type that the plugin does not have
await runJob(plugin, 'other', { use: {} })

// @ts-expect-error the handle `proc` is missing
await runJob(plugin, 'planned', { use: {} })

// @ts-expect-error a program where a file reader is needed
await runJob(plugin, 'planned', { use: { proc: fakeProgram({}) } })
