// SPDX-License-Identifier: Apache-2.0
/** Who a signing key belongs to, by the tables of this moment. */
import type { Clock } from '@sallyport/core/wiring'
import type { AgentStore } from '../stores/agent-store.ts'
import type { SiteStore } from '../stores/site-store.ts'

/** Whoever makes a request: a person of a site, the holder of a root key of it, or one agent of it. */
export interface Principal {
  readonly role: 'operator' | 'customer' | 'root' | 'agent'
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
  /** When an agent was last seen; null for people and before the first time. */
  readonly lastSeenAtMs: number | null
}

/** Finds principals. A key that its site's root lost, or that has ended, is nobody at once, whatever token it holds. */
export class Principals {
  readonly #parts: { readonly clock: Clock; readonly sites: SiteStore; readonly agents: AgentStore }

  constructor(parts: {
    readonly clock: Clock
    readonly sites: SiteStore
    readonly agents: AgentStore
  }) {
    this.#parts = parts
  }

  /** The person or agent with this key. */
  async find(keyId: string): Promise<KnownPrincipal | undefined> {
    const { clock, sites, agents } = this.#parts
    const agent = await agents.findByKey(keyId)
    if (agent !== undefined) {
      const { site_id: siteId, agent_id: agentId, last_seen_at: lastSeenAtMs } = agent
      const principal = { role: 'agent', siteId, keyId, agentId } as const
      return { principal, name: agentId, signingKey: agent.signing_key, lastSeenAtMs }
    }
    const person = await sites.findPerson(keyId, clock.now())
    if (person === undefined) return undefined
    const { role, name, site_id: siteId, signing_key: signingKey } = person
    return { principal: { role, siteId, keyId }, name, signingKey, lastSeenAtMs: null }
  }

  /** Whether they still are who they were when their request came. */
  async isStill({ role, siteId, keyId }: Principal): Promise<boolean> {
    const known = await this.find(keyId)
    return known?.principal.role === role && known.principal.siteId === siteId
  }
}
