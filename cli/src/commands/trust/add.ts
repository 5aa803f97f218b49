// SPDX-License-Identifier: Apache-2.0
/** `sallyport trust add`: gives somebody's keys a role. */
import { string as stringArg } from '@oclif/core/args'
import { integer, option, string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { mannerOf, rootFlags, withRootHand } from '../../root-flags.ts'

export class TrustAdd extends BaseCommand {
  static override summary = 'Give the keys of a person, a publisher or the hub a role at the site'
  static override description =
    'The identity is the file or the line that `sallyport init --join` made for the person, or <name>:<key> for a publisher or a hub. ' +
    'Every fingerprint is shown; compare it with its holder before you agree.'
  static override examples = [
    {
      description: 'A second operator, who may also sign trust roots',
      command: 'sallyport trust add ben.id --role operator --role root',
    },
    {
      description: 'A customer who sees everything about guest 101',
      command: 'sallyport trust add carla.id --role customer --concerns guest/101',
    },
    {
      description: 'A publisher; once there is one, approvals of others are refused',
      command: 'sallyport trust add maker:<key> --role publisher --days 365',
    },
  ]
  static override args = {
    identity: stringArg({ required: true, description: 'File, line, or <name>:<key>' }),
  }
  static override flags = {
    role: option({
      options: ['operator', 'customer', 'publisher', 'root', 'hub'] as const,
      multiple: true,
      required: true,
      summary: 'What the keys are for; may be given twice',
    })(),
    concerns: string({
      helpValue: '<guest/101,agent/pve1>',
      summary: 'What a customer sees',
      default: '',
    }),
    days: integer({ helpValue: '<n>', min: 1, max: 3_650, summary: 'How long the keys count' }),
    ...rootFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(TrustAdd)
    const { trustAdd } = await import('../../work/trust-add.ts')
    const request = {
      identity: args.identity,
      roles: flags.role,
      concerns: flags.concerns.split(',').filter((concern) => concern !== ''),
      days: flags.days,
      manner: mannerOf(flags),
    }
    this.end(
      await withRootHand({ home: this.home(flags), flags }, (operator, hand) =>
        trustAdd(operator, this.talk(flags), { request, hand }),
      ),
    )
  }
}
