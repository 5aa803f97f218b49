// SPDX-License-Identifier: Apache-2.0
/** `sallyport incident rotate`: all keys of this person are exchanged at once. */
import { BaseCommand } from '../../base-command.ts'
import { mannerOf, rootFlags, withRootHand } from '../../root-flags.ts'

export class IncidentRotate extends BaseCommand {
  static override summary =
    'Exchange all your keys at once, and list what is to be exchanged by hand'
  static override description =
    'New keys to work with, a new root key and a new recovery code; the old ones count no more, and what they signed alone does not either. ' +
    'For a planned exchange, use trust rotate.'
  static override examples = [
    { description: 'After somebody saw your keys', command: 'sallyport incident rotate' },
    { description: 'Without a question', command: 'sallyport incident rotate --yes' },
  ]
  static override flags = { ...rootFlags }

  async run(): Promise<void> {
    const { flags } = await this.parse(IncidentRotate)
    const { incidentRotate } = await import('../../work/incident-rotate.ts')
    const request = { manner: mannerOf(flags) }
    this.end(
      await withRootHand({ home: this.home(flags), flags }, (operator, hand) =>
        incidentRotate(operator, this.talk(flags), { request, hand }),
      ),
    )
  }
}
