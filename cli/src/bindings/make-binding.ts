// SPDX-License-Identifier: Apache-2.0
/** A binding from what a person gave on the command line. */
import type { Binding } from '@sallyport/core/plugins'
import { Secret } from '@sallyport/sdk'
import { parseSocketAddress, parseSshAddress } from './addresses.ts'
import { readHostKeys } from './host-keys.ts'
import { makeEndpoint, type Confirm, type EndpointFlags } from './make-endpoint.ts'
import { askHidden, readSecret } from './secret-input.ts'
import { usage } from './usage.ts'

/** Everything that can be given. */
export interface BindingFlags extends EndpointFlags {
  readonly connect?: string | undefined
  readonly ssh?: string | undefined
  readonly 'host-key'?: string | undefined
  readonly 'key-file'?: string | undefined
  readonly 'key-passphrase-file'?: string | undefined
  readonly 'secret-file'?: string | undefined
  readonly folder?: string | undefined
}

/** The flag that says what is bound, and those that go with it. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  url: [
    ...['ca', 'fingerprint', 'fetch-fingerprint', 'public-ca'],
    ...['header-file', 'bearer-file', 'basic-file', 'pve-token-file'],
    ...['pve-token-separated', 'accept-root-token', 'accept-unseparated-token'],
  ],
  unix: ['base', 'header-file', 'bearer-file', 'basic-file'],
  connect: [],
  ssh: ['host-key', 'key-file', 'key-passphrase-file'],
  'secret-file': [],
  folder: [],
}

/**
 * Makes the binding that the flags describe.
 *
 * Throws: ERR_USAGE, ERR_BINDING_FORM, ERR_KEY_FILE_…, ERR_ENDPOINT_UNREACHABLE, and what `confirm` throws.
 */
export async function makeBinding(flags: BindingFlags, confirm: Confirm): Promise<Binding> {
  const form = expectOneForm(flags)
  const value = flags[form as keyof BindingFlags] as string
  switch (form) {
    case 'connect':
      return { kind: 'connect', address: parseSocketAddress(value) }
    case 'ssh':
      return makeSsh(value, flags)
    case 'secret-file':
      return { kind: 'secret', value: new Secret(await readSecret(value, 'The secret')) }
    case 'folder':
      return { kind: 'folder', path: value }
    default:
      return makeEndpoint(flags, confirm)
  }
}

function expectOneForm(flags: BindingFlags): string {
  const isGiven = (name: string): boolean => {
    const value = (flags as Readonly<Record<string, unknown>>)[name]
    return value !== undefined && value !== false
  }
  const [form, ...others] = Object.keys(FORMS).filter(isGiven)
  if (form === undefined || others.length > 0) {
    const all = Object.keys(FORMS).map((name) => `--${name}`)
    throw usage(`say once what the name stands for: ${all.join(', ')}`)
  }
  const further = Object.values(FORMS).flat()
  const foreign = further.filter((name) => isGiven(name) && !FORMS[form]!.includes(name))
  if (foreign.length > 0) throw usage(`--${foreign[0]} has no meaning beside --${form}`)
  return form
}

async function makeSsh(address: string, flags: BindingFlags): Promise<Binding> {
  const { 'host-key': hostKey, 'key-file': keyFile } = flags
  if (hostKey === undefined || keyFile === undefined) {
    throw usage('--ssh needs --host-key (known_hosts of the host) and --key-file (the private key)')
  }
  const at = parseSshAddress(address)
  const hostKeys = await readHostKeys(hostKey, at)
  const privateKey = await readPrivateKey(keyFile, flags['key-passphrase-file'])
  return { kind: 'ssh', ...at, hostKeys, privateKey }
}

async function readPrivateKey(path: string, passphraseFile: string | undefined): Promise<Secret> {
  const { parseSshPrivateKey } = await import('@sallyport/core/plugins')
  const text = await readSecret(path, 'The private key')
  const passphrase =
    passphraseFile === undefined
      ? await askIfLocked(text, path)
      : await readSecret(passphraseFile, `The passphrase of ${path}`)
  return (await parseSshPrivateKey(text, passphrase)).privateKey
}

/** Why not ask at once: most keys that a program uses have no passphrase. */
async function askIfLocked(text: string, path: string): Promise<string | undefined> {
  const { parseSshPrivateKey } = await import('@sallyport/core/plugins')
  try {
    await parseSshPrivateKey(text)
    return undefined
  } catch (error) {
    const { details } = error as { details?: { isPassphraseMissing?: boolean } }
    if (details?.isPassphraseMissing !== true) return undefined
    const typed = await askHidden(`The passphrase of ${path}`)
    if (typed !== undefined) return typed
    throw usage(
      `${path} is locked under a passphrase: name a file that holds it with --key-passphrase-file`,
    )
  }
}
