// SPDX-License-Identifier: Apache-2.0
/** A program as data, run through the same handle and under the same refusals as a real one. */
import { CodedError } from '../errors.ts'
import type { ProgramResult, ProgramRunner } from '../handles.ts'
import type { ProgramScope } from '../permission.ts'
import { argumentsMatch } from '../scope.ts'
import { byteLength, denied, makeFake } from './fake.ts'
import type { Fake } from './fake.ts'

/** What a fake program prints, or the `code` of the error that running it throws. */
export type FakeRun = Partial<ProgramResult> | { readonly code: string }

/**
 * An `exec` handle that prints what it is told to.
 *
 * @example
 * fakeProgram({ stdout: '{}\n', exitCode: 1 })
 * fakeProgram((args) => ({ stdout: args.join(' ') }))
 * fakeProgram({ code: 'ERR_PROGRAM_NOT_FOUND' })
 */
export function fakeProgram(run: FakeRun | ((args: readonly string[]) => FakeRun)): Fake<'exec'> {
  return makeFake('exec', (record, scope): ProgramRunner => ({
    run: (args) =>
      record('run', args.join(' '), () => {
        if (scope && !argumentsMatch(scope.args, args)) {
          throw denied(`${scope.program} ${args.join(' ')}`)
        }
        return resultOf(typeof run === 'function' ? run(args) : run, scope)
      }),
  }))
}

function resultOf(run: FakeRun, scope: ProgramScope | undefined): ProgramResult {
  if ('code' in run) throw new CodedError(run.code, 'the program cannot be run')
  const result = { exitCode: 0, signal: null, stdout: '', stderr: '', ...run }
  const maxBytes = scope?.maxOutputBytes ?? Infinity
  if (byteLength(result.stdout) + byteLength(result.stderr) > maxBytes) {
    throw new CodedError('ERR_LIMIT', `the program printed more than ${maxBytes} bytes`)
  }
  return result
}
