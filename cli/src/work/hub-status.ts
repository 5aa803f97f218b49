// SPDX-License-Identifier: Apache-2.0
/** Shows what the hub did about invalid attempts, and lets keys in again. */
import { keyIdOf } from '@sallyport/core/crypto'
import { decodeBase64url } from '@sallyport/core/protocol'
import type { LimitStep } from '@sallyport/core/transport'
import { isPinned, readAgents } from '../operator/agents.ts'
import type { Operator } from '../operator/operator.ts'
import { EXIT } from '../output/exit-codes.ts'
import { table } from '../output/table.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { fingerprint, relative } from '../output/words.ts'

/** Shows keys that are out and the newest steps. */
export async function hubStatus(operator: Operator, talk: Talk): Promise<void> {
  const { hub } = operator
  const { quarantined, steps } = await waiting(talk, 'asking the hub', () => hub.readLimits())
  const names = await namesOfKeys(operator)
  const out = quarantined.map((key) => ({ ...key, agent: names.get(key.keyId) ?? null }))
  const document = { format: 'sallyport.hub-status/1', hub: hub.address, quarantined: out, steps }
  const nowMs = operator.now()
  talk.answer(document, () => {
    const { paint } = talk
    const keys = out.map(({ keyId, agent, role, since }) => {
      const name = agent ?? `${role} ${fingerprint(keyId)}`
      const lift = `sallyport hub lift ${agent ?? keyId}`
      return `${paint.bad('out')}   ${name} since ${relative(Date.parse(since), nowMs)}: ${lift}`
    })
    if (steps.length === 0) return [...keys, 'no invalid attempts worth a step'].join('\n')
    const columns = ['when', 'step', 'whose', 'attempts'].map((head) => ({ head }))
    const rows = steps.map((step) => [
      relative(Date.parse(step.at), nowMs),
      step.step,
      whose(step, names),
      step.count === null ? '–' : String(step.count),
    ])
    return [...keys, table(columns, rows, paint)].join('\n')
  })
}

/** Lets a key in again; the exit code says whether it was out. */
export async function hubLift(operator: Operator, talk: Talk, given: string): Promise<number> {
  const names = await namesOfKeys(operator)
  const [ofAgent] = [...names].find(([, name]) => name === given) ?? []
  const keyId = ofAgent ?? given
  const { wasOut } = await waiting(talk, 'asking the hub', () => operator.hub.liftKey(keyId))
  const document = { format: 'sallyport.hub-lift/1', keyId, wasOut }
  talk.answer(document, () =>
    wasOut ? `${talk.paint.good('lifted')} ${given} may come again` : `${given} was not out`,
  )
  return EXIT.done
}

function whose({ of, subject }: LimitStep, names: ReadonlyMap<string, string>): string {
  if (of === null || subject === null) return '–'
  if (of === 'source') return `address ${subject}`
  return names.get(subject) ?? `key ${fingerprint(subject)}`
}

async function namesOfKeys({ home }: Operator): Promise<Map<string, string>> {
  const agents = (await readAgents(home)).filter(isPinned)
  return new Map(
    agents.map(({ name, identity }) => [keyIdOf(decodeBase64url(identity.signingKey)), name]),
  )
}
