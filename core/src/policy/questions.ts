// SPDX-License-Identifier: Apache-2.0
/** Turns a request into questions for Cedar: one for each guest on each node, with who, where and under what circumstances. */
import { guestsOf, instantOf, nodesOf, policyValuesOf, resourcesOf } from '../protocol/index.ts'
import type { PolicyRequest } from '../admission/index.ts'
import type { CedarQuestion, Context, EntityJson, TypeAndId } from './cedar.ts'

/** The namespace of every type in a policy. */
export const NAMESPACE = 'Sallyport'

/** Whose policy it is: the agent that asks and its site, by name. */
export interface PolicyPlace {
  readonly agentName: string
  readonly siteName: string
}

/** A question, and what it is about in words. */
export interface AskedOf {
  readonly question: CedarQuestion
  readonly about: string
}

/** Most guests times nodes of one job. Why: each is evaluated by itself. */
export const MAX_ASKED = 256

/** Source: pve-docs, `qm.adoc`: 100 to 999999999. */
const VMID = /^[1-9][0-9]{2,8}$/
/** Source: RFC 1123, section 2.1. Any case, as the cluster writes it. */
const NODE_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/**
 * The questions of a request: every guest on every node that the job names; without guests the nodes, without those the agent.
 *
 * Trust: names and inputs come from whoever signed. They are values beside the text of the policy, never part of it; a
 * second spelling of a guest or a node is refused here, because a rule about the first would not fit it.
 */
export function questionsOf(
  request: PolicyRequest,
  place: PolicyPlace,
): { ok: true; asked: AskedOf[] } | { ok: false; why: string } {
  const resources = resourcesOf(request.job, request.input)
  const [guests, nodes] = [guestsOf(resources), nodesOf(resources)]
  const strange =
    guests.find((guest) => !VMID.test(guest)) ?? nodes.find((node) => !NODE_NAME.test(node))
  if (strange !== undefined) {
    return { ok: false, why: `${JSON.stringify(strange)} names no guest and no node` }
  }
  if (Math.max(1, guests.length) * Math.max(1, nodes.length) > MAX_ASKED) {
    return { ok: false, why: `more than ${MAX_ASKED} guests and nodes in one job` }
  }
  const common = {
    principal: uid(request.principal.kind, request.principal.name),
    action: uid('Action', request.jobType),
    context: contextOf(request, Object.fromEntries(resources)),
  }
  const asked = eachOf(guests).flatMap((guest) =>
    eachOf(nodes).map((node) => {
      const chain = chainOf({ guest, node }, place)
      const question = {
        ...common,
        resource: chain[0]!.uid as TypeAndId,
        entities: [...chain, actionOf(request)],
      }
      return { question, about: aboutOf({ guest, node }, place) }
    }),
  )
  return { ok: true, asked }
}

interface Thing {
  readonly guest: string | undefined
  readonly node: string | undefined
}

/** None is one that is undefined, so that every pair is made. */
function eachOf(names: readonly string[]): readonly (string | undefined)[] {
  return names.length === 0 ? [undefined] : names
}

/** Guest in node in agent in site, without those that are not named. */
function chainOf({ guest, node }: Thing, { agentName, siteName }: PolicyPlace): EntityJson[] {
  const uids = [
    ...(guest === undefined ? [] : [uid('Guest', guest)]),
    ...(node === undefined ? [] : [uid('Node', node)]),
    uid('Agent', agentName),
    uid('Site', siteName),
  ]
  return uids.map((each, at) => ({ uid: each, attrs: {}, parents: uids.slice(at + 1, at + 2) }))
}

function aboutOf({ guest, node }: Thing, { agentName }: PolicyPlace): string {
  const words = [
    ...(guest === undefined ? [] : [`guest ${guest}`]),
    ...(node === undefined ? [] : [`node ${node}`]),
  ]
  return words.length === 0 ? `agent ${agentName}` : words.join(' on ')
}

function actionOf({ jobType, job }: PolicyRequest): EntityJson {
  return {
    uid: uid('Action', jobType),
    attrs: {},
    parents: groupsOf(jobType, job.effect).map((group) => uid('Action', group)),
  }
}

/** Groups of a job type: its effect, and its plugin. */
export function groupsOf(jobType: string, effect: string): string[] {
  return [effect, `${jobType.split('/')[0]!}/*`]
}

function contextOf(
  { job, input, step, signers, nowMs }: PolicyRequest,
  resources: Readonly<Record<string, readonly string[]>>,
): Context {
  const at = new Date(nowMs)
  return {
    step,
    signers: namesOf(signers),
    operatorCount: namesOf(signers.filter(({ role }) => role === 'operator')).length,
    customerCount: namesOf(signers.filter(({ role }) => role === 'customer')).length,
    now: {
      hour: at.getUTCHours(),
      weekday: WEEKDAYS[at.getUTCDay()]!,
      at: { __extn: { fn: 'datetime', arg: instantOf(nowMs) } },
    },
    resources: resources as Context,
    input: policyValuesOf(job, input) as Context,
  }
}

function namesOf(signers: PolicyRequest['signers']): string[] {
  return [...new Set(signers.map(({ name }) => name))].toSorted()
}

function uid(type: string, id: string): TypeAndId {
  return { type: `${NAMESPACE}::${type}`, id }
}
