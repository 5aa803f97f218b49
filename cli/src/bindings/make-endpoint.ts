// SPDX-License-Identifier: Apache-2.0
/** The binding of an HTTP service: where it is, how it is known, and the credential the agent adds. */
import { readFile } from 'node:fs/promises'
import type { EndpointBinding, ServicePin, TokenTraits } from '@sallyport/core/plugins'
import { Secret } from '@sallyport/sdk'
import { parseFingerprint } from './addresses.ts'
import { certificateScreen, fetchCertificate, sha256Of } from './certificate.ts'
import { readPveToken, traitsOf } from './pve-token.ts'
import { readSecret } from './secret-input.ts'
import { usage } from './usage.ts'

/** How a service is known. */
export interface PinFlags {
  readonly ca?: string | undefined
  readonly fingerprint?: string | undefined
  readonly 'fetch-fingerprint'?: boolean | undefined
  readonly 'public-ca'?: boolean | undefined
}

/** What can be given for a service. */
export interface EndpointFlags extends PinFlags {
  readonly url?: string | undefined
  readonly unix?: string | undefined
  readonly base?: string | undefined
  readonly 'header-file'?: readonly string[] | undefined
  readonly 'bearer-file'?: string | undefined
  readonly 'basic-file'?: string | undefined
  readonly 'pve-token-file'?: string | undefined
  readonly 'pve-token-separated'?: string | undefined
  readonly 'accept-root-token'?: boolean | undefined
  readonly 'accept-unseparated-token'?: boolean | undefined
}

/** Asks a person for a yes; throws when there is none. */
export type Confirm = (shown: string, question: string) => Promise<void>

/** Makes the binding. Throws: as `makeBinding`. */
export async function makeEndpoint(
  flags: EndpointFlags,
  confirm: Confirm,
): Promise<EndpointBinding> {
  const { headers, token } = await readCredential(flags)
  const { url, unix, base = '/' } = flags
  if (unix !== undefined) {
    if (!base.startsWith('/')) throw usage('--base begins with /')
    const at = `http://localhost${base === '/' ? '' : base}`
    return { kind: 'endpoint', url: at, socketPath: unix, pin: { by: 'none' }, headers }
  }
  if (url === undefined || !URL.canParse(url)) throw usage('--url is no address')
  const pin = await makePin(new URL(url), flags, confirm)
  return { kind: 'endpoint', url, pin, headers, ...(token !== undefined && { token }) }
}

/** Says how a service is known, by exactly one of the flags. Throws: ERR_USAGE, ERR_ENDPOINT_UNREACHABLE, and what `confirm` throws. */
export async function makePin(url: URL, flags: PinFlags, confirm: Confirm): Promise<ServicePin> {
  const names = ['ca', 'fingerprint', 'fetch-fingerprint', 'public-ca'] as const
  const given = names.filter((name) => flags[name] !== undefined && flags[name] !== false)
  if (url.protocol === 'http:' && given.length === 0) return { by: 'none' }
  if (given.length !== 1) {
    const all = names.map((name) => `--${name}`).join(', ')
    throw usage(`say in one way how the service is known: ${all}`)
  }
  if (flags.ca !== undefined) return { by: 'ca', pem: await readFile(flags.ca, 'utf8') }
  if (flags.fingerprint !== undefined) {
    return { by: 'fingerprint', sha256: parseFingerprint(flags.fingerprint) }
  }
  return flags['public-ca'] === true ? { by: 'public' } : fetchedPin(url, confirm)
}

async function fetchedPin(url: URL, confirm: Confirm): Promise<ServicePin> {
  const certificate = await fetchCertificate(url)
  await confirm(certificateScreen(url, certificate), 'Is this the right one?')
  return { by: 'fingerprint', sha256: sha256Of(certificate) }
}

async function readCredential(
  flags: EndpointFlags,
): Promise<{ headers: Record<string, Secret>; token?: TokenTraits }> {
  const { 'bearer-file': bearer, 'basic-file': basic, 'pve-token-file': pve } = flags
  const presets = [bearer, basic, pve].filter((file) => file !== undefined)
  if (presets.length > 1) throw usage('give one credential: bearer, basic or pve-token')
  const headers: Record<string, Secret> = {}
  let token: TokenTraits | undefined
  for (const each of flags['header-file'] ?? []) {
    const [, name, file] = /^([^=]+)=(.+)$/.exec(each) ?? []
    if (name === undefined || file === undefined) throw usage('--header-file is like Name=path')
    const value = await readSecret(file, `The value of ${name}`)
    token ??= traitsOf(value, flags)
    headers[name] = new Secret(value)
  }
  if (bearer !== undefined) {
    headers['Authorization'] = new Secret(`Bearer ${await readSecret(bearer, 'The token')}`)
  }
  if (basic !== undefined) {
    const account = await readSecret(basic, 'Account and password, with a colon between them')
    if (!account.includes(':')) throw usage('--basic-file holds account:password')
    headers['Authorization'] = new Secret(`Basic ${Buffer.from(account).toString('base64')}`)
  }
  if (pve !== undefined) {
    const read = await readPveToken(pve, flags)
    headers['Authorization'] = read.value
    token = read.token
  }
  return { headers, ...(token !== undefined && { token }) }
}
