// SPDX-License-Identifier: Apache-2.0
/** Permission kind `ask`: another job type, through admission, within what the asking job may reach. */
import { CodedError, type Permission } from '@sallyport/sdk'
import { REFUSALS } from '../../protocol/refusal.ts'
import type { AskedJob, RunOutcome } from '../ports.ts'
import { textArgument } from './arguments.ts'
import type { BrokerKind, OpenHandle } from './contract.ts'

const MAX_JOB_TYPE_LENGTH = 160

/** `plugin/noun.verb`, near enough to suggest it. */
const JOB_TYPE = /^[a-z][a-z0-9-]*\/[a-z][a-z0-9.-]*$/

/** Asks for jobs on behalf of plugins. */
export const ask: BrokerKind<'ask'> = {
  methods: ['run'],

  open(permission, setting): OpenHandle {
    return {
      run: async (args, signal) => {
        const asked = askedJob(args)
        expectNamed(permission, asked.jobType)
        return { value: answerOf(asked.jobType, await setting.ask(asked, signal)) }
      },
    }
  },

  target: (_, args) => String(args[0] ?? ''),

  suggest: (_, [jobType]) =>
    typeof jobType === 'string' && JOB_TYPE.test(jobType) ? `ask(['${jobType}'])` : undefined,
}

function askedJob(args: readonly unknown[]): AskedJob {
  const jobType = textArgument(args, 0, 'jobType', MAX_JOB_TYPE_LENGTH)
  const input = args[1]
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
    return { jobType, input: input as AskedJob['input'] }
  }
  throw new CodedError('ERR_ARGUMENT_FORM', 'input must be an object')
}

function expectNamed({ jobTypes, where }: Permission<'ask'>, jobType: string): void {
  if (!jobTypes.includes(jobType)) {
    const all = [...jobTypes, jobType].map((each) => `'${each}'`).join(', ')
    const message = `${jobType} is none of ${jobTypes.join(', ')}; ask([${all}]) would allow it`
    throw new CodedError('ERR_HANDLE_DENIED', message)
  }
  if (where === 'here') return
  const message = `${jobType} was refused: this agent has no agent of a host that it could ask`
  throw new CodedError('ERR_ASK_REFUSED', message)
}

function answerOf(jobType: string, outcome: RunOutcome): unknown {
  if (outcome.state === 'done') return outcome.output
  if (outcome.state === 'refused') {
    const { reason, details } = outcome.refusal
    const { meaning, remedy } = REFUSALS[reason]
    const message = `${jobType} was refused (${reason}): ${meaning} ${remedy}`
    throw new CodedError('ERR_ASK_REFUSED', message, { details: { ...details, reason } })
  }
  const { code, message } = outcome.failure
  throw new CodedError('ERR_ASK_FAILED', `${jobType} failed (${code}): ${message}`)
}
