// SPDX-License-Identifier: Apache-2.0
/** Tells a restored hub what it missed, and opens it to the agents of the site. */
import { parseConfirmCode } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import type { HubClient } from '@sallyport/core/transport'
import { isPinned, readAgents } from '../operator/agents.ts'
import type { Operator } from '../operator/operator.ts'
import { revokedAgentIds } from '../operator/revoked-agents.ts'
import { readChain } from '../operator/site.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'

/** Trust roots in one request, as the contract has it. */
const MAX_ROOTS = 16
const PAGE_ROWS = 100

/** Confirms. Throws: ERR_CONFIRM_CODE_FORM, the refusals of the hub. */
export async function hubConfirm(operator: Operator, talk: Talk, typed: string): Promise<void> {
  const confirmToken = parseConfirmCode(typed)
  const { hub, home } = operator
  const chain = await readChain(home)
  const revokedAgents = await revokedAgentIds(home)
  const { epoch } = await waiting(talk, 'telling the hub', async () => {
    for (let from = 0; from < chain.length; from += MAX_ROOTS) {
      const roots = chain.slice(from, from + MAX_ROOTS)
      const texts = roots.map(({ envelope }) => encodeBase64url(envelope))
      await hub.catchUpRoots({ confirmToken, roots: texts })
    }
    return hub.confirmEpoch({ confirmToken, revokedAgents })
  })
  const { version } = chain.at(-1)!.root
  const missing = await agentsUnknownTo(operator, revokedAgents)
  const document = {
    format: 'sallyport.hub-confirm/1',
    hub: hub.address,
    epoch,
    rootVersion: version,
    revokedAgents,
    missingAgents: missing.map(({ name, agentId }) => ({ name, agentId })),
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good('confirmed')} epoch ${epoch}: the hub holds trust root ${version}, and agents may come`,
      ...missing.map(
        ({ name }) =>
          `${talk.paint.warn('missing')}   ${name} enrolled after the backup: sallyport agent code ${name}`,
      ),
    ].join('\n'),
  )
}

/** Agents that this operator pinned and the hub does not have. */
async function agentsUnknownTo({ home, hub }: Operator, revoked: readonly string[]) {
  const known = new Set(await listedAgentIds(hub))
  const pinned = (await readAgents(home)).filter(isPinned)
  return pinned.filter(({ agentId }) => !known.has(agentId) && !revoked.includes(agentId))
}

async function listedAgentIds(hub: HubClient): Promise<string[]> {
  const ids: string[] = []
  for (let cursor: string | undefined; ;) {
    const page = await hub.listAgents({ limit: PAGE_ROWS, ...(cursor && { cursor }) })
    ids.push(...page.agents.map(({ agentId }) => agentId))
    if (page.nextCursor === null) return ids
    cursor = page.nextCursor
  }
}
