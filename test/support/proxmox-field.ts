// SPDX-License-Identifier: Apache-2.0
/** A field with simulated Proxmox clusters: the plugin as it is built by command line, approved, and bound on each agent. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT_PASSWORD } from '@sallyport/plugin-proxmox/testing'
import { parseBundle, type Plan, type Result } from '@sallyport/core/protocol'
import { startProxmox, type StartedProxmox } from '../simulators/proxmox.ts'
import { watchSchema, type SchemaWatch } from '../simulators/schema-watch.ts'
import { type Field } from './field.ts'
import type { KnownAgent } from './operator.ts'
import { ROOT, sallyport, sallyportJson } from './programs.ts'

/** One agent and the cluster it is bound to. */
export interface Site {
  readonly agent: KnownAgent
  readonly pve: StartedProxmox
  readonly schema: SchemaWatch
}

/** Options of `startProxmox`. */
export type ClusterOptions = NonNullable<Parameters<typeof startProxmox>[0]>

/** Builds the plugin by command line. */
export async function buildProxmox(field: Field): Promise<Uint8Array> {
  const args = ['plugin', 'build', join(ROOT, 'plugins/proxmox'), '--out', field.folder]
  const { file } = await sallyportJson<{ file: string }>(args, { home: field.folder })
  return readFile(file)
}

/** Starts a cluster and an agent that is bound to it and runs the bundle. */
export async function addSite(
  field: Field,
  scope: AsyncDisposableStack,
  about: {
    readonly name: string
    readonly bundle: Uint8Array
    readonly cluster: ClusterOptions
    /** With an account of its own that `proxmox setup` makes, and not that of the laboratory. */
    readonly isLeast?: boolean
  },
): Promise<Site> {
  const pve = await startProxmox(about.cluster)
  scope.defer(() => pve.close())
  const schema = watchSchema(pve.simulator, pve.simulator.world.version)
  const agent = await field.addAgent(about.name)
  if (about.isLeast !== true) await bindPve(field, about.name, pve)
  await bindSecrets(field, about.name)
  const approved = await field.operator.approve(agent, about.bundle)
  if (approved.state !== 'done') throw new Error(`not accepted: ${approved.refusal?.reason}`)
  if (about.isLeast === true) await setUp(field, about.name, pve)
  return { agent, pve, schema }
}

/** Binds `pve` of the plugin to a cluster, as an operator would on the host. */
export async function bindPve(
  field: Field,
  name: string,
  pve: Pick<StartedProxmox, 'url' | 'fingerprint' | 'token'>,
): Promise<void> {
  const token = join(field.folder, `${name}.token`)
  await writeFile(token, `${pve.token.line}\n`, { mode: 0o600 })
  const args = ['agent', 'bind', 'proxmox', 'pve', '--url', `${pve.url}/api2/json`]
  const known = ['--fingerprint', pve.fingerprint, '--pve-token-file', token]
  const place = ['--state-dir', field.stateDir(name)]
  const bound = await sallyport([...args, ...known, ...place], { home: field.folder })
  if (bound.code !== 0) throw new Error(`bind: ${bound.stdout}${bound.stderr}`)
}

/** Makes an account with the least rights and binds its token, as an operator would on the host. */
async function setUp(
  field: Field,
  name: string,
  pve: Pick<StartedProxmox, 'url' | 'fingerprint'>,
): Promise<void> {
  const password = join(field.folder, `${name}.password`)
  await writeFile(password, `${ROOT_PASSWORD}\n`, { mode: 0o600 })
  const node = ['--url', pve.url, '--fingerprint', pve.fingerprint, '--password-file', password]
  const place = ['--state-dir', field.stateDir(name)]
  const made = await sallyport(['proxmox', 'setup', ...node, ...place, '--yes'], {
    home: field.folder,
  })
  if (made.code !== 0) throw new Error(`setup: ${made.stdout}${made.stderr}`)
}

/** Binds the passwords of storages. */
async function bindSecrets(field: Field, name: string): Promise<void> {
  const file = join(field.folder, `${name}.secrets`)
  await writeFile(file, 'share=canary-password-of-share\n', { mode: 0o600 })
  const args = ['agent', 'bind', 'proxmox', 'storageSecrets', '--secret-file', file]
  const place = ['--state-dir', field.stateDir(name)]
  const bound = await sallyport([...args, ...place], { home: field.folder })
  if (bound.code !== 0) throw new Error(`bind: ${bound.stdout}${bound.stderr}`)
}

/** Runs one job type of the plugin. */
export function runOn(
  field: Field,
  { agent }: Pick<Site, 'agent'>,
  job: string,
  input: Record<string, unknown> = {},
): Promise<Result> {
  return field.operator.run(agent, { jobType: `proxmox/${job}`, input: input as never })
}

/** Plans one job type of the plugin. */
export function planOn(
  field: Field,
  { agent }: Pick<Site, 'agent'>,
  job: string,
  input: Record<string, unknown> = {},
): Promise<Result> {
  return field.operator.plan(agent, { jobType: `proxmox/${job}`, input: input as never })
}

/** Runs one job type of the plugin by a plan. */
export function runBy(
  field: Field,
  { agent }: Pick<Site, 'agent'>,
  job: string,
  { input, plan }: { readonly input: Record<string, unknown>; readonly plan: Result },
): Promise<Result> {
  const signed = { input: input as never, plan: plan.output as Plan }
  return field.operator.run(agent, { jobType: `proxmox/${job}`, ...signed })
}

/** The job types in a bundle. */
export function jobTypesOf(bundle: Uint8Array): string[] {
  return Object.keys(parseBundle(bundle).manifest.jobs)
}
