// SPDX-License-Identifier: Apache-2.0
/** Shows what an agent holds, judged from the bytes in its state directory: for whoever runs the host. */
import { resolve } from 'node:path'
import type { AgentPlugin, PluginStanding } from '@sallyport/agent'
import { keyText } from '../operator/upgrade.ts'
import type { Paint } from '../output/paint.ts'
import { safeText } from '../output/safe-text.ts'
import { table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { relative, shortDigest } from '../output/words.ts'
import { publisherKeyId } from '../publisher/identity.ts'

/** Lists the plugins of a state directory; replaced and expired ones only with `isAll`. */
export async function pluginHeld(
  talk: Talk,
  { stateDir, isAll }: { stateDir: string; isAll: boolean },
): Promise<void> {
  const { readAgentPlugins } = await import('@sallyport/agent')
  const held = readAgentPlugins(resolve(stateDir)).filter(
    ({ standing: { state } }) => isAll || (state !== 'replaced' && state !== 'expired'),
  )
  const document = { format: 'sallyport.plugin-held/1', plugins: held.map(heldJson) }
  talk.answer(document, () =>
    held.length === 0
      ? 'this agent holds no plugin; an operator approves one:\n  sallyport plugin approve <bundle> --agent <name>'
      : heldScreen(held, Date.now(), talk.paint),
  )
}

function heldScreen(held: readonly AgentPlugin[], nowMs: number, paint: Paint): string {
  const heads = ['plugin', 'version', 'publisher', 'state', 'ends', 'jobs', 'bindings', 'digest']
  const rows = held.map(({ plugin, standing, approved }) => [
    safeText(plugin),
    approved?.version ?? '–',
    approved === null ? '–' : keyText(approved.publisher),
    stateText(standing, paint),
    approved === null ? '–' : relative(Date.parse(approved.expiresAt), nowMs),
    listText(approved?.jobs),
    listText(approved?.bindings),
    approved === null ? '–' : paint.dim(shortDigest(approved.digest)),
  ])
  const reasons = held.filter(({ standing }) => standing.why !== '')
  return [
    table(
      heads.map((head) => ({ head })),
      rows,
      paint,
    ),
    ...reasons.map(
      ({ plugin, standing }) =>
        `${paint.bad(`${safeText(plugin)} is ${standing.state}`)}: ${safeText(standing.why)}`,
    ),
  ].join('\n')
}

function stateText({ state }: PluginStanding, paint: Paint): string {
  if (state === 'approved') return paint.good(state)
  return state === 'replaced' || state === 'expired' ? paint.warn(state) : paint.bad(state)
}

function listText(names: readonly string[] | undefined): string {
  return names === undefined || names.length === 0 ? '–' : names.map(safeText).join(', ')
}

function heldJson({ plugin, standing, approved }: AgentPlugin): object {
  const { state, why } = standing
  if (approved === null) return { name: plugin, state, why, approved: null }
  const publisher = { ...approved.publisher, keyId: publisherKeyId(approved.publisher) }
  return { name: plugin, state, why, approved: { ...approved, publisher } }
}
