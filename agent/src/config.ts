// SPDX-License-Identifier: Apache-2.0
/** What an agent is started with: flags first, then the environment, then defaults. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ROTATION_BOUNDS, type RotationBounds } from '@sallyport/core/runner'

/** The configuration of a running agent. */
export interface AgentConfig {
  readonly stateDir: string
  readonly passphraseFile?: string
  /** Count of jobs in work at the same time. */
  readonly maxConcurrentJobs: number
  /** Units: milliseconds. Time that running jobs get when the agent is asked to stop. */
  readonly stopGraceMs: number
  readonly logLevel: string
  /** How much of the audit log stays in the database; older entries move to files. */
  readonly rotation: RotationBounds
  /** A file for Prometheus, written every 15 s. */
  readonly metricsFile?: string
}

/** Bounds and defaults. */
export const AGENT_DEFAULTS = {
  maxConcurrentJobs: 4,
  stopGraceMs: 10_000,
  logLevel: 'info',
  rotation: ROTATION_BOUNDS,
} as const

/** Where an agent keeps its state unless told otherwise. */
export function defaultStateDir(env: Readonly<Record<string, string | undefined>>): string {
  return join(env['SALLYPORT_HOME'] ?? join(homedir(), '.sallyport'), 'agent')
}

/** Reads the configuration. Throws: TypeError for an unknown flag or one that is no count. */
export function readConfig(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): AgentConfig {
  const { values } = parseArgs({
    args: [...args],
    options: {
      'state-dir': { type: 'string' },
      'passphrase-file': { type: 'string' },
      'log-level': { type: 'string' },
      'metrics-file': { type: 'string' },
      'audit-keep-entries': { type: 'string' },
      'audit-keep-days': { type: 'string' },
    },
  })
  const metricsFile = values['metrics-file']
  const passphraseFile = values['passphrase-file'] ?? env['SALLYPORT_PASSPHRASE_FILE']
  return {
    ...AGENT_DEFAULTS,
    rotation: {
      keepEntries: countIn(values, 'audit-keep-entries') ?? ROTATION_BOUNDS.keepEntries,
      keepDays: countIn(values, 'audit-keep-days') ?? ROTATION_BOUNDS.keepDays,
    },
    stateDir: resolve(values['state-dir'] ?? defaultStateDir(env)),
    ...(passphraseFile !== undefined && { passphraseFile: resolve(passphraseFile) }),
    ...(metricsFile !== undefined && { metricsFile: resolve(metricsFile) }),
    logLevel: values['log-level'] ?? env['SALLYPORT_LOG_LEVEL'] ?? AGENT_DEFAULTS.logLevel,
  }
}

function countIn(
  values: Readonly<Record<string, string | undefined>>,
  name: string,
): number | undefined {
  const value = values[name]
  if (value === undefined) return undefined
  if (/^[1-9][0-9]{0,8}$/.test(value)) return Number(value)
  throw new TypeError(`--${name} must be a count`)
}
