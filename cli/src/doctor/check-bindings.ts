// SPDX-License-Identifier: Apache-2.0
/** The bindings of an agent: what is locked, and what was accepted with a warning. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { BindingSummary } from '@sallyport/agent'
import { isCodedError } from '@sallyport/sdk'
import { counted } from '../output/words.ts'
import { failed, ok, warning } from './finding.ts'
import type { Finding } from './finding.ts'

/** Looks at the bindings in this folder; nothing where no agent is. */
export async function checkBindings(stateDir: string): Promise<Finding[]> {
  if (!existsSync(join(stateDir, 'bindings.json'))) return []
  const { listBindings } = await import('@sallyport/agent')
  try {
    return findingsOf(listBindings({ stateDir }))
  } catch (error) {
    if (!isCodedError(error)) throw error
    const remedy =
      'see `sallyport agent bindings --passphrase-file <file>` as the account of the agent'
    return [warning('bindings', `the bindings cannot be looked at: ${error.message}`, remedy)]
  }
}

function findingsOf(bindings: readonly BindingSummary[]): Finding[] {
  const findings = bindings.flatMap((binding) => [...lockOf(binding), ...warningsOf(binding)])
  return findings.length > 0 ? findings : [ok('bindings', counted(bindings.length, 'binding'))]
}

function lockOf({ plugin, name, lock }: BindingSummary): Finding[] {
  if (lock === null) return []
  const text = `${name} of ${plugin} is locked since ${lock.since}: its service showed the certificate ${lock.seen}, pinned is ${lock.pinned}`
  const remedy = `compare the certificate on the host, then \`sallyport agent pin --agent <name> --plugin ${plugin} --binding ${name} --fingerprint <sha256>\``
  return [failed('bindings', text, { code: 'binding_locked', remedy })]
}

function warningsOf({ plugin, name, warnings }: BindingSummary): Finding[] {
  const remedy = 'make a token of a narrow account: `sallyport proxmox setup`'
  return warnings.map((text) => warning('bindings', `${name} of ${plugin}: ${text}`, remedy))
}
