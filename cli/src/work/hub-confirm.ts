// SPDX-License-Identifier: Apache-2.0
/** Tells a restored hub what it missed, and opens it to the agents of the site. */
import { parseConfirmCode } from '@sallyport/core/crypto'
import { encodeBase64url } from '@sallyport/core/protocol'
import type { HubClient } from '@sallyport/core/transport'
import { isPinned, readAgents } from '../operator/agents.ts'
import type { PinnedAgent } from '../operator/agents.ts'
import type { Operator } from '../operator/operator.ts'
import { announceRestoration } from '../operator/restorations.ts'
import { revokedAgentIds } from '../operator/revoked-agents.ts'
import { learnAgents } from '../operator/roster.ts'
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
  const { known, missing } = await agentsAt(operator, revokedAgents)
  const { outcomes, doubt } = await waiting(talk, 'leaving word for the agents', () =>
    announceRestoration(operator, known, epoch),
  )
  const told = outcomes.filter((each) => !('problem' in each)).map(({ agent }) => agent)
  const untold = outcomes.flatMap((each) => ('problem' in each ? [each] : []))
  const document = {
    format: 'sallyport.hub-confirm/1',
    hub: hub.address,
    epoch,
    rootVersion: version,
    revokedAgents,
    missingAgents: missing.map(({ name, agentId }) => ({ name, agentId })),
    toldAgents: told.map(({ name, agentId }) => ({ name, agentId })),
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good('confirmed')} epoch ${epoch}: the hub holds trust root ${version}, and agents may come`,
      ...missing.map(
        ({ name }) =>
          `${talk.paint.warn('missing')}   ${name} enrolled after the backup: sallyport agent code ${name}`,
      ),
      ...untold.map(
        ({ agent, problem }) =>
          `${talk.paint.warn('not told')}  ${agent.name}, which will doubt the hub: ${problem.message}`,
      ),
      ...(doubt === undefined
        ? []
        : [`${talk.paint.warn('not told')}  no agent: the hub is not believed, ${doubt}`]),
    ].join('\n'),
  )
}

/** Agents that count, by whether the hub has them. Why also those of colleagues: they are to be told as well. */
async function agentsAt(
  operator: Operator,
  revoked: readonly string[],
): Promise<{ known: PinnedAgent[]; missing: PinnedAgent[] }> {
  await learnAgents(operator)
  const { home, hub } = operator
  const listed = new Set(await listedAgentIds(hub))
  const pinned = (await readAgents(home)).filter(isPinned)
  const counted = pinned.filter(
    ({ agentId, revokedAt }) => revokedAt === undefined && !revoked.includes(agentId),
  )
  const isKnown = ({ agentId }: PinnedAgent): boolean => listed.has(agentId)
  return { known: counted.filter(isKnown), missing: counted.filter((each) => !isKnown(each)) }
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
