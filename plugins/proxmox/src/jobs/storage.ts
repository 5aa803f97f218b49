// SPDX-License-Identifier: GPL-3.0-or-later
/** Jobs about storages: which there are, how they are, and whether they are as declared. */
import { defineJob, endpoint, isCodedError, route, secret } from '@sallyport/sdk'
import type { Plan } from '@sallyport/sdk'
import { z } from 'zod'
import { changeOnce } from '../change-once.ts'
import { pveFailed } from '../errors.ts'
import { NodeName } from '../guest-ref.ts'
import { listOf } from '../inventory.ts'
import { StorageName } from '../names.ts'
import { grantedTo, reachOf } from '../permissions.ts'
import { line, planOf } from '../plan-lines.ts'
import { pveOf } from '../pve.ts'
import type { Pve } from '../pve.ts'
import { CheckedTarget, checkStorages, createStorage, isThere } from '../storage-check.ts'
import { CREATION_CONSTRAINTS, StorageTarget, needsSecret } from '../storage-manifest.ts'
import { parseStorage } from '../storage-state.ts'
import { isTrue, rowsOf, textOf } from '../values.ts'

const SHOWN = [
  'path',
  'server',
  'export',
  'share',
  'datastore',
  'namespace',
  'fingerprint',
  'username',
  'vgname',
  'thinpool',
  'pool',
] as const

/** The storages of the cluster as they are configured. */
export const storageList = defineJob({
  summary: 'Storages of the cluster as they are configured',
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({
    storages: z.array(
      z.object({
        storage: z.string(),
        type: z.string(),
        content: z.array(z.string()),
        nodes: z.array(z.string()).nullable().describe('null where all nodes have it'),
        isShared: z.boolean(),
        isEnabled: z.boolean(),
        where: z.record(z.string(), z.string()).describe('what it is known by'),
      }),
    ),
    visible: z
      .enum(['everything', 'only what is granted', 'nothing granted'])
      .describe('an empty list means "none" only where the token sees everything'),
  }),
  permissions: { pve: endpoint('pve', ['GET /storage', 'GET /access/permissions']) },
  limits: { perMinute: 60, timeoutMs: 30_000 },
  async run({ use }) {
    const [rows, granted] = await Promise.all([pveOf(use.pve).storage.$get(), grantedTo(use.pve)])
    const reach = reachOf(granted, '/storage', ['Datastore.Audit', 'Datastore.AllocateSpace'])
    const storages = rowsOf(rows).map((row) => {
      const nodes = listOf(row['nodes']).sort()
      return {
        storage: textOf(row['storage']) ?? '',
        type: textOf(row['type']) ?? 'unknown',
        content: listOf(row['content']).sort(),
        nodes: nodes.length === 0 ? null : nodes,
        isShared: isTrue(row['shared']),
        isEnabled: !isTrue(row['disable']),
        where: Object.fromEntries(
          SHOWN.flatMap((name) => {
            const value = textOf(row[name])
            return value === undefined ? [] : [[name, value]]
          }),
        ),
      }
    })
    storages.sort((a, b) => (a.storage < b.storage ? -1 : 1))
    const visible = {
      everywhere: 'everything',
      somewhere: 'only what is granted',
      nowhere: 'nothing granted',
    } as const
    return { storages, visible: visible[reach] }
  },
})

const bytes = z.number().optional()

/** The storages of one node as they are now. */
export const storageStatus = defineJob({
  summary: 'Storages of one node: reachable or not, used and free',
  effect: 'read',
  input: z.strictObject({
    node: NodeName.describe('the node'),
    storage: StorageName.optional().describe('only this one'),
  }),
  output: z.object({
    storages: z.array(
      z.object({
        storage: z.string(),
        node: z.string(),
        type: z.string(),
        isEnabled: z.boolean(),
        isActive: z.boolean().describe('whether the node reaches it'),
        isShared: z.boolean(),
        content: z.array(z.string()),
        usedBytes: bytes,
        availableBytes: bytes,
        totalBytes: bytes,
      }),
    ),
  }),
  resources: { node: 'node', storage: 'storage' },
  permissions: {
    pve: endpoint('pve', [
      route('GET /nodes/{node}/storage', {
        query: { storage: { resource: 'storage' } },
        others: 'forbidden',
      }),
    ]),
  },
  limits: { perMinute: 60, timeoutMs: 30_000 },
  async run({ input, use }) {
    const { node, storage } = input
    const query = storage === undefined ? {} : { storage }
    const rows = rowsOf(await pveOf(use.pve).nodes.$(node).storage.$get(query))
    const storages = rows.map((row) => {
      const state = parseStorage(node, textOf(row['storage']) ?? '', row)
      return { ...state, content: [...state.content] }
    })
    return { storages: storages.sort((a, b) => (a.storage < b.storage ? -1 : 1)) }
  },
})

const Manifest = z.strictObject({
  nodes: z
    .array(NodeName)
    .min(1)
    .max(64)
    .describe('the nodes from which the storages are looked at'),
  storages: z
    .array(StorageName)
    .min(1)
    .max(64)
    .describe('the names of all targets, nothing else is touched'),
  targets: z.array(StorageTarget).min(1).max(64).describe('the storages as they are declared'),
})
type Manifest = z.infer<typeof Manifest>

const STORAGE_RESOURCES = { node: 'nodes', storage: 'storages' } as const
const LOOK_ROUTES = ['GET /storage', 'GET /nodes/{node}/storage/{storage}/status'] as const

const Reconciled = z.object({
  changed: z.boolean(),
  created: z.array(z.string()),
  targets: z.array(CheckedTarget),
  undeclared: z.array(z.string()).describe('storages that are not declared; they are left alone'),
  notices: z.array(z.string()).describe('what someone should do'),
})
type Reconciled = z.infer<typeof Reconciled>

/** Creates declared storages that are missing, and tells what is not as declared. */
export const storageReconcile = defineJob({
  summary:
    'Create declared storages that are missing, tell what differs or is cut off, change nothing else',
  effect: 'change',
  input: Manifest,
  output: Reconciled,
  resources: STORAGE_RESOURCES,
  permissions: {
    pve: endpoint('pve', [
      ...LOOK_ROUTES,
      route('POST /storage', {
        body: {
          ...CREATION_CONSTRAINTS,
          type: { oneOf: ['dir', 'nfs', 'cifs', 'lvmthin', 'zfspool'], required: true },
        },
        others: 'forbidden',
      }),
    ]),
  },
  limits: { perMinute: 12, timeoutMs: 600_000 },
  plan: ({ input, use }) => planCreation(pveOf(use.pve), input, { takesSecret: false }),
  async run(context) {
    const { input, use, plan } = context
    const pve = pveOf(use.pve)
    const created: string[] = []
    for (const target of input.targets.filter(({ storage }) =>
      plan.state.toCreate.includes(storage),
    )) {
      created.push(target.storage)
      await context.keep({ created })
      context.progress(`creating ${target.storage}`)
      await createOnce({ pve, signal: context.signal }, target)
    }
    return reconciledOf(await looked(pve, input), created)
  },
  async resume({ input, use, kept }) {
    const { created } = z.object({ created: z.array(z.string()) }).parse(kept)
    const check = await looked(pveOf(use.pve), input)
    const there = check.targets.filter(({ state }) => state !== 'missing')
    const names = there.map(({ storage }) => storage)
    return reconciledOf(
      check,
      created.filter((name) => names.includes(name)),
    )
  },
  async verify({ input, use, output }) {
    const { targets } = await looked(pveOf(use.pve), input)
    const open = targets.filter(
      ({ storage, state }) => output.created.includes(storage) && state !== 'present',
    )
    const message = `${targets.filter(({ state }) => state === 'present').length} of ${targets.length} are as declared`
    return { verdict: open.length === 0 ? 'verified' : 'contradicted', message }
  },
})

/** Creates one declared storage that takes a password. */
export const storageAttach = defineJob({
  summary: 'Create one declared storage that takes a password: an SMB share or a backup server',
  effect: 'change',
  input: Manifest,
  output: Reconciled,
  resources: STORAGE_RESOURCES,
  permissions: {
    pve: endpoint('pve', [
      ...LOOK_ROUTES,
      route('POST /storage', {
        body: {
          ...CREATION_CONSTRAINTS,
          type: { oneOf: ['cifs', 'pbs'], required: true },
          password: { pattern: '[^\\p{Cc}]{1,256}', required: true },
          'encryption-key': { pattern: '[ -~\\n]{1,8192}' },
        },
        others: 'forbidden',
      }),
    ]),
    secrets: secret('storageSecrets'),
  },
  limits: { perMinute: 6, timeoutMs: 600_000 },
  plan: ({ input, use }) => planCreation(pveOf(use.pve), input, { takesSecret: true }),
  async run(context) {
    const { input, use, plan } = context
    const pve = pveOf(use.pve)
    const wanted = input.targets.filter(({ storage }) => plan.state.toCreate.includes(storage))
    const secrets =
      wanted.length === 0 ? new Map<string, string>() : parseSecrets(await use.secrets.read())
    const created: string[] = []
    for (const target of wanted) {
      const fields = secretFields(secrets, target.storage)
      created.push(target.storage)
      await context.keep({ created })
      await withoutSecrets(fields, () =>
        createOnce({ pve, signal: context.signal }, target, fields),
      )
    }
    return reconciledOf(await looked(pve, input), created)
  },
  async verify({ input, use, output }) {
    const { targets } = await looked(pveOf(use.pve), input)
    const mine = targets.filter(({ storage }) => output.created.includes(storage))
    const isDone = mine.every(({ state }) => state === 'present')
    return {
      verdict: isDone ? 'verified' : 'contradicted',
      message:
        mine.map(({ storage, state }) => `${storage}: ${state}`).join(', ') || 'nothing was to do',
    }
  },
})

interface StorageState {
  readonly toCreate: readonly string[]
  /** By name. */
  readonly states: Readonly<Record<string, string>>
}

async function planCreation(
  pve: Pve,
  input: Manifest,
  { takesSecret }: { readonly takesSecret: boolean },
): Promise<Plan<StorageState>> {
  const check = await looked(pve, input)
  const toCreate = missingOf(input, check, takesSecret)
  const left = check.targets.filter(({ storage }) => !toCreate.includes(storage))
  const changes = [
    ...input.targets
      .filter(({ storage }) => toCreate.includes(storage))
      .map(({ storage, type, content }) =>
        line('add', `storage ${storage} (${type}) for ${content.join(', ')}`),
      ),
    ...left
      .filter(({ state }) => state !== 'present')
      .map(({ storage, state }) => line('warn', `storage ${storage} ${LEFT[state]}`)),
    ...(toCreate.length === 0 ? [line('note', 'no storage is to be created')] : []),
  ]
  return planOf(changes, { toCreate, states: statesOf(check) })
}

const LEFT: Readonly<Record<string, string>> = {
  differs: 'is not as declared, and is left as it is',
  missing: 'is missing, and is not created by this job',
}

async function looked(pve: Pve, input: Manifest): ReturnType<typeof checkStorages> {
  const names = input.targets.map(({ storage }) => storage)
  const isSame =
    names.length === new Set(names).size &&
    names.toSorted().join() === input.storages.toSorted().join()
  if (!isSame) {
    throw pveFailed(
      'ERR_PVE_PARAMETER',
      '"storages" must name every target once and nothing else',
      {
        details: { effect: 'none' },
      },
    )
  }
  return checkStorages(pve, input.targets, input.nodes)
}

function missingOf(
  input: Manifest,
  { targets }: Awaited<ReturnType<typeof checkStorages>>,
  withSecret: boolean,
): string[] {
  const missing = targets.filter(({ state }) => state === 'missing').map(({ storage }) => storage)
  return input.targets
    .filter((target) => missing.includes(target.storage) && needsSecret(target) === withSecret)
    .map(({ storage }) => storage)
}

function statesOf({ targets }: Awaited<ReturnType<typeof checkStorages>>): Record<string, string> {
  return Object.fromEntries(targets.map(({ storage, state }) => [storage, state]))
}

/** Why looked at when the answer is lost: a second request would be refused, for the first may have done it. */
async function createOnce(
  { pve, signal }: { readonly pve: Pve; readonly signal: AbortSignal },
  target: StorageTarget,
  secrets: Readonly<Record<string, string>> = {},
): Promise<void> {
  const change = {
    what: `storage ${target.storage}`,
    make: () => createStorage(pve, target, secrets),
    isDone: () => isThere(pve, target),
  }
  await changeOnce(change, signal)
}

function reconciledOf(
  check: Awaited<ReturnType<typeof checkStorages>>,
  created: readonly string[],
): Reconciled {
  return {
    changed: created.length > 0,
    created: [...created],
    targets: [...check.targets],
    undeclared: [...check.undeclared],
    notices: check.targets.flatMap(({ notices }) => notices),
  }
}

/** One line for each: `nas=password`, `offsite.key={"kdf":…}`. */
function parseSecrets(text: string): Map<string, string> {
  return new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const at = line.indexOf('=')
      return at < 1 ? [] : [[line.slice(0, at).trim(), line.slice(at + 1).replace(/\r$/, '')]]
    }),
  )
}

function secretFields(
  secrets: ReadonlyMap<string, string>,
  storage: string,
): Record<string, string> {
  const [password, key] = [secrets.get(storage), secrets.get(`${storage}.key`)]
  if (password === undefined || password === '') {
    throw pveFailed(
      'ERR_PVE_STORAGE',
      `the secret "storageSecrets" has no line ${storage}=…, the password of that storage`,
      { details: { storage, effect: 'none' } },
    )
  }
  return { password, ...(key !== undefined && { 'encryption-key': key }) }
}

/** Codes of failures that hold nothing of what Proxmox VE said. */
const WORDED_HERE = new Set(['ERR_PVE_NOT_STARTED', 'ERR_PVE_OUTCOME'])

/** Why thrown anew: Proxmox VE repeats a value that it refuses, and a password must be in no failure. */
async function withoutSecrets(
  secrets: Readonly<Record<string, string>>,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!isCodedError(error)) throw new TypeError('the request could not be written')
    if (WORDED_HERE.has(error.code)) throw error
    const told = Object.values(secrets).reduce(
      (text, value) => text.replaceAll(value, '[secret]'),
      error.message,
    )
    throw pveFailed('ERR_PVE_STORAGE', told, { details: { cause: error.code } })
  }
}
