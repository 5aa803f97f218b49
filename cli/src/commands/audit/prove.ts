// SPDX-License-Identifier: Apache-2.0
/** `sallyport audit prove`: a small file by which a third person verifies one job alone. */
import { string as stringArg } from '@oclif/core/args'
import { string } from '@oclif/core/flags'
import { BaseCommand } from '../../base-command.ts'
import { operatorFlags, withOperator } from '../../operator-flags.ts'

export class AuditProve extends BaseCommand {
  static override summary = 'Write a file that proves one job to whoever has no account anywhere'
  static override description =
    'The file holds the signed job, the signed answer, and what of both stands in the log of the agent, with all that ' +
    'is needed to verify it but one thing: the fingerprint of the trust root, which the other person must have from you ' +
    'or from their contract. They verify with verifier/sallyport-verify.mjs of this package, which needs Node alone.'
  static override examples = [
    { description: 'Into proof-0193f2ab.json', command: 'sallyport audit prove 0193f2ab…c21' },
    {
      description: 'To a place of its own, and verify it there',
      command: 'sallyport audit prove 0193f2ab…c21 --out proof.json',
    },
  ]
  static override args = {
    job: stringArg({
      required: true,
      description: 'Id of the job, whole, its beginning, or as shown',
    }),
  }
  static override flags = {
    ...operatorFlags,
    out: string({ helpValue: '<file>', summary: 'Where to write the proof' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(AuditProve)
    const { auditProve } = await import('../../work/audit-prove.ts')
    const talk = this.talk(flags)
    await withOperator({ home: this.home(flags), flags }, (operator) =>
      auditProve(operator, talk, { typed: args.job, out: flags.out }),
    )
  }
}
