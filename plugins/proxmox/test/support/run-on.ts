// SPDX-License-Identifier: GPL-3.0-or-later
/** Runs a job of the plugin on a simulated cluster, and holds what went over the wire against the vendor's schema. */
import type { Plan } from '@sallyport/sdk'
import { fakeSecret, fakeState, runJob } from '@sallyport/sdk/testing'
import { plugin } from '../../src/index.ts'
import type { Simulated } from './simulated-handle.ts'

/** The name of a job type of the plugin. */
export type JobName = keyof typeof plugin.jobs

/** How a job ended, with the types forgotten. */
export interface Outcome {
  readonly output: Readonly<Record<string, unknown>>
  readonly plan: Plan<Readonly<Record<string, unknown>>>
  readonly verification: { readonly verdict: string; readonly message: string } | undefined
  readonly kept: readonly unknown[]
  readonly reported: readonly string[]
}

/** What a run takes beside its input. */
export interface RunOptions {
  readonly resume?: { readonly kept: unknown; readonly plan?: unknown }
  readonly history?: ReturnType<typeof fakeState>
  readonly secrets?: string
}

/** Runs a job. Throws what the job throws, and what the schema says. */
export async function runOn(
  at: Simulated,
  job: JobName,
  input: object,
  options: RunOptions = {},
): Promise<Outcome> {
  const { resume, history = fakeState(), secrets = 'nas2=hunter2' } = options
  const use = { pve: at.pve, history, secrets: fakeSecret(secrets) } as never
  try {
    const outcome = await runJob(plugin, job, {
      input: { ...input },
      use,
      ...(resume !== undefined && { resume }),
    })
    return outcome as unknown as Outcome
  } finally {
    at.schema.expectNoFaults()
  }
}
