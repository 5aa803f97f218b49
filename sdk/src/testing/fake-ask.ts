// SPDX-License-Identifier: Apache-2.0
/** Other job types as data, asked through the same handle and under the same refusals as real ones. */
import { CodedError } from '../errors.ts'
import type { Asker } from '../handles.ts'
import { denied, makeFake } from './fake.ts'
import type { Fake } from './fake.ts'

/** What a job type answers: its output, or a function of its input; to fail, let the function throw. */
export type FakeAnswers = Readonly<
  Record<string, object | ((input: Readonly<Record<string, unknown>>) => unknown)>
>

/**
 * An `ask` handle that answers for these job types; any other is refused with ERR_ASK_REFUSED.
 *
 * @example
 * const others = fakeAsk({ 'proxmox/guest.list': { guests: [101] } })
 * await others.run('proxmox/guest.list', {}) // { guests: [101] }
 */
export function fakeAsk(answers: FakeAnswers): Fake<'ask'> {
  return makeFake('ask', (record, scope): Asker => ({
    run: (jobType, input) =>
      record('run', jobType, () => {
        if (scope && !scope.jobTypes.includes(jobType)) throw denied(`asking for ${jobType}`)
        if (!Object.hasOwn(answers, jobType)) {
          throw new CodedError('ERR_ASK_REFUSED', `${jobType} was refused: not_approved`)
        }
        const answer = answers[jobType]!
        return typeof answer === 'function'
          ? (answer as (input: unknown) => unknown)(input)
          : answer
      }),
  }))
}
