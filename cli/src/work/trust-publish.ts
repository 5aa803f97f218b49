// SPDX-License-Identifier: Apache-2.0
/** Brings the trust root to whoever does not have it yet. */
import { exitOf } from '../operator/each-agent.ts'
import type { Operator } from '../operator/operator.ts'
import { readNamedChain } from '../operator/roots.ts'
import type { ExitCode } from '../output/exit-codes.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import type { RootHand } from '../trust/root-hand.ts'
import { tellAgents } from '../trust/change-root.ts'
import { publishToHub } from '../trust/publish-root.ts'
import { agentJson, agentLines } from '../trust/report-change.ts'

/** Sends the chain to the hub and the agents, and says who holds it. */
export async function trustPublish(
  operator: Operator,
  talk: Talk,
  { timeoutMs, hand }: { timeoutMs: number; hand: Pick<RootHand, 'passphrase'> },
): Promise<ExitCode> {
  const chain = await readNamedChain(operator)
  await waiting(talk, 'telling the hub', () => publishToHub(operator.hub, chain))
  const manner = { timeoutMs }
  const { outcomes } = await tellAgents(operator, talk, { chain, keys: [], manner, hand })
  const { root, digest } = chain.at(-1)!
  const document = {
    format: 'sallyport.trust-publish/1',
    site: { siteId: root.siteId, name: root.siteName },
    version: root.version,
    digest,
    hub: operator.hub.address,
    agents: outcomes.map(agentJson),
  }
  talk.answer(document, () =>
    [
      `${talk.paint.good('taken')} the hub holds version ${root.version}`,
      ...agentLines(outcomes, talk.paint),
    ].join('\n'),
  )
  return exitOf(outcomes)
}
