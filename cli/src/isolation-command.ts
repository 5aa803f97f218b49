// SPDX-License-Identifier: Apache-2.0
/** What `incident isolate` and `incident lift` share: one order to an agent, and its answer. */
import { string as stringArg } from '@oclif/core/args'
import { boolean, string } from '@oclif/core/flags'
import { BaseCommand } from './base-command.ts'
import { operatorFlags, withOperator } from './operator-flags.ts'
import { parseDuration } from './output/duration.ts'

/** A command that says whether an agent takes jobs. */
export abstract class IsolationCommand extends BaseCommand {
  static override args = {
    agent: stringArg({ required: true, description: 'Name of the agent' }),
  }
  static override flags = {
    why: string({ required: true, helpValue: '<text>', summary: 'Why, for the record' }),
    yes: boolean({ default: false, char: 'y', summary: 'Do not ask' }),
    timeout: string({
      helpValue: '<time>',
      summary: 'How long to wait for the agent',
      default: '30s',
    }),
    ...operatorFlags,
  }

  /** What the order says. */
  protected abstract readonly isIsolated: boolean

  async run(): Promise<void> {
    const { args, flags } = await this.parse(IsolationCommand)
    const request = {
      agent: args.agent,
      isIsolated: this.isIsolated,
      why: flags.why,
      isAgreed: flags.yes,
      timeoutMs: parseDuration('timeout', flags.timeout),
    }
    const { incidentIsolate } = await import('./work/incident-isolate.ts')
    const talk = this.talk(flags)
    this.end(
      await withOperator({ home: this.home(flags), flags }, (operator) =>
        incidentIsolate(operator, talk, request),
      ),
    )
  }
}
