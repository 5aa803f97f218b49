// SPDX-License-Identifier: Apache-2.0
/** Permission kind `exec`: one program of the host with arguments of the approved shape, never through a shell. */
import { CodedError, argumentsMatch, type Permission } from '@sallyport/sdk'
import { findTrustedProgram } from '../trusted-program.ts'
import { textsArgument } from './arguments.ts'
import type { BrokerKind, OpenHandle } from './contract.ts'
import { Gate } from './gate.ts'
import { runProgram } from './run-program.ts'
import { withinTime } from '../within-time.ts'

const ARGUMENT_LIMITS = { maxCount: 64, maxLength: 4_096 }

/** Time to match all arguments against their patterns. */
const MATCH_MS = 500

/** Programs of plugins at the same time; the permission and the run bound the time of each. */
const gate = new Gate({ width: 4, widthPerPlugin: 2, maxMs: 3_600_000 })

/** Runs programs for plugins. */
export const exec: BrokerKind<'exec'> = {
  methods: ['run'],

  open(permission, { pluginName }): OpenHandle {
    return {
      run: async (given, signal) => {
        const args = textsArgument(given, 0, 'args', ARGUMENT_LIMITS)
        expectShape(permission, args)
        const program = await expectTrusted(permission.program)
        const { timeoutMs, maxOutputBytes } = permission
        const run = (): Promise<unknown> =>
          runProgram({ program, args, timeoutMs, maxOutputBytes, signal })
        return { value: await gate.pass(pluginName, signal, run) }
      },
    }
  },

  target: (permission, given) => [permission.program, ...listOf(given[0])].join(' '),

  suggest: (_, given) => `exec('/path/to/program', ${JSON.stringify(listOf(given[0]))})`,
}

function expectShape(permission: Permission<'exec'>, args: readonly string[]): void {
  if (withinTime(MATCH_MS, () => argumentsMatch(permission.args, args))) return
  const approved = permission.args
    .map((shape) => (typeof shape === 'string' ? shape : `<${shape.pattern}>`))
    .join(' ')
  const given = JSON.stringify(args).slice(0, 500)
  const message = `the arguments ${given} of ${permission.program} do not have the approved shape "${approved}"`
  throw new CodedError('ERR_HANDLE_DENIED', message)
}

async function expectTrusted(path: string): Promise<string> {
  const program = await findTrustedProgram(path)
  if (program.trusted) return program.path
  const code = program.isMissing ? 'ERR_PROGRAM_NOT_FOUND' : 'ERR_HANDLE_DENIED'
  throw new CodedError(
    code,
    program.isMissing ? program.why : `${path} is not started: ${program.why}`,
  )
}

function listOf(given: unknown): string[] {
  return Array.isArray(given) ? given.filter((arg) => typeof arg === 'string') : []
}
