// SPDX-License-Identifier: Apache-2.0
/** `sallyport incident revoke-key`: keys that may be in the wrong hands count no more. */
import { string as stringArg } from '@oclif/core/args'
import { BaseCommand } from '../../base-command.ts'
import { mannerOf, rootFlags, withRootHand } from '../../root-flags.ts'

export class IncidentRevokeKey extends BaseCommand {
  static override summary = 'Take the keys of a holder out at once, and see what they signed lately'
  static override description =
    'As trust remove, with the list of what these keys signed as far as the hub has it: jobs too, which have run already. ' +
    'Agents that are away go by the old keys until they ask the hub; isolate those that must not.'
  static override examples = [
    { description: 'Everything of a holder', command: 'sallyport incident revoke-key ben' },
    {
      description: 'One key, without a question',
      command: 'sallyport incident revoke-key SHA256:q3Fh7Kb2 --yes',
    },
  ]
  static override args = {
    who: stringArg({ required: true, description: 'Name of a holder, or fingerprint of a key' }),
  }
  static override flags = { ...rootFlags }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(IncidentRevokeKey)
    const { trustRemove } = await import('../../work/trust-remove.ts')
    const request = { who: args.who, manner: mannerOf(flags), isIncident: true }
    this.end(
      await withRootHand({ home: this.home(flags), flags }, (operator, hand) =>
        trustRemove(operator, this.talk(flags), { request, hand }),
      ),
    )
  }
}
