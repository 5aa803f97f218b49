// SPDX-License-Identifier: Apache-2.0
/** Runs every check and prints what was found, the worst last. */
import { existsSync } from 'node:fs'
import { isCodedError } from '@sallyport/sdk'
import { checkAgent } from '../doctor/check-agent.ts'
import { checkBindings } from '../doctor/check-bindings.ts'
import { checkPrivate } from '../doctor/check-files.ts'
import { checkHub } from '../doctor/check-hub.ts'
import { checkNode } from '../doctor/check-node.ts'
import { checkOperator } from '../doctor/check-operator.ts'
import { checkSandbox } from '../doctor/check-sandbox.ts'
import type { Check, Finding } from '../doctor/finding.ts'
import { countsOf, findingsScreen } from '../doctor/findings-screen.ts'
import type { Home } from '../home.ts'
import { hubAddress } from '../operator/site.ts'
import { EXIT } from '../output/exit-codes.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { VERSION } from '../program.ts'

/** What is looked at. */
export interface DoctorRequest {
  readonly home: Home
  readonly stateDir: string
  readonly hub?: string | undefined
}

/** Looks at everything; returns the exit code. */
export async function doctor(talk: Talk, request: DoctorRequest): Promise<number> {
  const findings = await waiting(talk, 'looking', () => examine(request))
  const counts = countsOf(findings)
  talk.answer({ format: 'sallyport.doctor/1', version: VERSION, counts, findings }, () =>
    findingsScreen(findings, talk.paint),
  )
  return counts.failed > 0 ? EXIT.failed : EXIT.done
}

async function examine({ home, stateDir, hub }: DoctorRequest): Promise<Finding[]> {
  const checks: Check[] = [
    async () => checkNode(process.versions.node),
    checkSandbox,
    () => checkOperator(home),
    () => checkPrivate('operator', home.operator.folder),
    () => checkPrivate('agent', stateDir),
    () => checkPrivate('hub', home.hub),
    () => checkAgent(stateDir),
    () => checkBindings(stateDir),
    async () => checkHub(hub ?? (await knownHub(home, stateDir)), VERSION),
  ]
  return (await Promise.all(checks.map((check) => check()))).flat()
}

/** The hub that the agent here was enrolled at, else the operator's. */
async function knownHub(home: Home, stateDir: string): Promise<string> {
  if (existsSync(home.operator.site)) return hubAddress(home)
  const { readAgentFile } = await import('@sallyport/agent')
  try {
    return readAgentFile(stateDir).hub
  } catch (error) {
    if (!isCodedError(error)) throw error
    return hubAddress(home)
  }
}
