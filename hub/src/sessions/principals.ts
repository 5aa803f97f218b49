// SPDX-License-Identifier: Apache-2.0
/** Who a signing key belongs to, by the tables of this moment. */
import type { AgentStanding } from '@sallyport/core/transport'
import type { Clock } from '@sallyport/core/wiring'
import type { AgentStore } from '../stores/agent-store.ts'
import type { SiteStore } from '../stores/site-store.ts'
import type { AgentRow } from '../stores/tables.ts'

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
  /** Whether an agent is served. People always are, as long as there are any. */
  readonly standing: AgentStanding
  /** The start of an agent's program that opened a session last. */
  readonly instance: string | null
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

  /** The person or agent with this key; an agent that waits to be let in is nobody yet. */
  async find(keyId: string): Promise<KnownPrincipal | undefined> {
    const { clock, sites, agents } = this.#parts
    const agent = await agents.findByKey(keyId)
    if (agent !== undefined) return agent.standing === 'waiting' ? undefined : knownAgent(agent)
    const person = await sites.findPerson(keyId, clock.now())
    if (person === undefined) return undefined
    const { role, name, site_id: siteId, signing_key: signingKey } = person
    const principal = { role, siteId, keyId }
    const unseen = { lastSeenAtMs: null, standing: 'active', instance: null } as const
    return { principal, name, signingKey, ...unseen }
  }

  /** Whether they still are who they were when their request came. */
  async isStill({ role, siteId, keyId }: Principal): Promise<boolean> {
    const known = await this.find(keyId)
    const isServed = known?.standing === 'active'
    return isServed && known.principal.role === role && known.principal.siteId === siteId
  }
}

function knownAgent(agent: AgentRow): KnownPrincipal {
  const { site_id: siteId, agent_id: agentId, key_id: keyId, signing_key: signingKey } = agent
  return {
    principal: { role: 'agent', siteId, keyId, agentId },
    name: agentId,
    signingKey,
    lastSeenAtMs: agent.last_seen_at,
    standing: agent.standing,
    instance: agent.instance,
  }
}
