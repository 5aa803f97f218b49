// SPDX-License-Identifier: Apache-2.0
/** Who a signing key belongs to, by the tables of this moment. */
import type { AgentStore } from '../stores/agent-store.ts'
import type { SiteStore } from '../stores/site-store.ts'

/** Whoever makes a request: a person of a site, or one agent of it. */
export interface Principal {
  readonly role: 'operator' | 'customer' | 'agent'
  readonly siteId: string
  readonly keyId: string
  /** Present when `role` is agent. */
  readonly agentId?: string | undefined
}

/** A principal with its key and name. */
export interface KnownPrincipal {
  readonly principal: Principal
  readonly name: string
  /** Raw public key, base64url. */
  readonly signingKey: string
  /** When an agent was last seen; null for operators and before the first time. */
  readonly lastSeenAtMs: number | null
}

/** Finds principals. A key that was removed from its table is nobody at once, whatever token it holds. */
export class Principals {
  readonly #sites: SiteStore
  readonly #agents: AgentStore

  constructor(sites: SiteStore, agents: AgentStore) {
    this.#sites = sites
    this.#agents = agents
  }

  /** The operator or agent with this key. */
  async find(keyId: string): Promise<KnownPrincipal | undefined> {
    const agent = await this.#agents.findByKey(keyId)
    if (agent !== undefined) {
      const { site_id: siteId, agent_id: agentId, last_seen_at: lastSeenAtMs } = agent
      const principal = { role: 'agent', siteId, keyId, agentId } as const
      return { principal, name: agentId, signingKey: agent.signing_key, lastSeenAtMs }
    }
    const operator = await this.#sites.findOperator(keyId)
    if (operator === undefined) return undefined
    const { name, site_id: siteId, signing_key: signingKey } = operator
    return { principal: { role: 'operator', siteId, keyId }, name, signingKey, lastSeenAtMs: null }
  }
}
