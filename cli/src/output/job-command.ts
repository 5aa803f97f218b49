// SPDX-License-Identifier: Apache-2.0
/** A job as the command line that a person types for it. */
import type { Job } from '@sallyport/core/protocol'

/** What the command line says. */
export interface TypedJob {
  readonly jobType: string
  /** Name of the agent. */
  readonly agent: string
  readonly input: Job['input']
}

/** The command line that plans or runs a job, as it can be typed in a shell. */
export function jobCommand(verb: 'plan' | 'run', { jobType, agent, input }: TypedJob): string {
  const params = Object.entries(input).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    return `--param ${shellWord(`${name}=${text}`)}`
  })
  return [
    'sallyport',
    'job',
    verb,
    shellWord(jobType),
    '--agent',
    shellWord(agent),
    ...params,
  ].join(' ')
}

/** Source: POSIX.1-2024, Shell Command Language, 2.2.2 "Single-Quotes". */
function shellWord(text: string): string {
  return /^[\w./:=@,+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
