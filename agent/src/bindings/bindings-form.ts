// SPDX-License-Identifier: Apache-2.0
/** The exact form of the bindings of an agent: what each name of each plugin stands for. */
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { normalize } from 'node:path/posix'
import { encodeJson, Instant, parseJson } from '@sallyport/core/protocol'
import type { Binding } from '@sallyport/core/plugins'
import { CodedError, HANDLE_NAME, PLUGIN_NAME, Secret } from '@sallyport/sdk'
import { z } from 'zod'

/** How much one agent holds. */
export const BINDINGS_LIMITS = { maxPlugins: 64, maxNames: 64, maxBytes: 262_144 } as const

/** Bindings by plugin and name. */
export type Bindings = Readonly<Record<string, Readonly<Record<string, Binding>>>>

/** What a name of a plugin is bound as. */
export function boundAs(bindings: Bindings, plugin: string, name: string): Binding | undefined {
  const names = Object.hasOwn(bindings, plugin) ? bindings[plugin]! : {}
  return Object.hasOwn(names, name) ? names[name] : undefined
}

const LINE = /^[^\p{Cc}\p{Zl}\p{Zp}]+$/u
/** Source: RFC 9110, section 5.1. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/
/** Source: RFC 9110, section 5.5. */
const HEADER_VALUE = /^[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/
/** What the connection itself says; a binding that said otherwise could split a request in two. */
const STRUCTURAL_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const secretText = (maxLength: number, pattern = /^/) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .regex(pattern, 'has characters that have no place here')
    .transform((value) => new Secret(value))

const Host = z
  .string()
  .max(255)
  .refine((host) => isIP(host) !== 0 || /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?$/.test(host), {
    message: 'not a host name or an address',
  })
const Port = z.int().min(1).max(65_535)
/** Units: bytes. Source: unix(7), `sun_path`. */
const MAX_SOCKET_PATH_BYTES = 107
const AbsolutePath = z
  .string()
  .max(4_096)
  .regex(LINE, 'not one line')
  .refine((path) => path.startsWith('/') && normalize(path) === path, 'not an absolute path')
const SocketPath = AbsolutePath.refine(
  (path) => Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES,
  `longer than ${MAX_SOCKET_PATH_BYTES} bytes`,
)

const Pin = z.discriminatedUnion('by', [
  z.strictObject({
    by: z.literal('ca'),
    pem: z.string().max(65_536).refine(isCertificate, 'not a certificate in PEM'),
  }),
  z.strictObject({ by: z.literal('fingerprint'), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.strictObject({ by: z.literal('public') }),
  z.strictObject({ by: z.literal('none') }),
])

/** What was accepted, or said, of a Proxmox API token. */
const Token = z.strictObject({
  isOfRoot: z.boolean(),
  separated: z.union([z.boolean(), z.literal('unknown')]),
})

const Endpoint = z
  .strictObject({
    kind: z.literal('endpoint'),
    url: z.string().max(2_048).refine(isServiceUrl, 'not an address like https://host:port/base'),
    socketPath: z.exactOptional(SocketPath),
    pin: Pin,
    headers: z
      .record(z.string().regex(HEADER_NAME, 'not a header name'), secretText(8_192, HEADER_VALUE))
      .refine((headers) => Object.keys(headers).length <= 16, 'more than 16 headers')
      .refine(hasFreeHeaders, 'names a header that belongs to the connection, or one twice'),
    boundAt: z.exactOptional(Instant),
    pinIssuedAt: z.exactOptional(Instant),
    token: z.exactOptional(Token),
  })
  .superRefine(({ url, socketPath, pin }, context) => {
    const message = protectionFault(url, socketPath !== undefined, pin.by)
    if (message !== undefined) context.addIssue({ code: 'custom', path: ['pin'], message })
  })

const Connect = z.strictObject({
  kind: z.literal('connect'),
  address: z.union([
    z.strictObject({ host: Host, port: Port }),
    z.strictObject({ socketPath: SocketPath }),
  ]),
})

const Ssh = z.strictObject({
  kind: z.literal('ssh'),
  host: Host,
  port: Port,
  user: z.string().regex(/^[A-Za-z_][A-Za-z0-9_.@-]{0,63}$/, 'not the name of an account'),
  hostKeys: z.array(z.base64().min(32).max(2_048)).min(1).max(16),
  privateKey: secretText(16_384),
})

const SecretValue = z.strictObject({ kind: z.literal('secret'), value: secretText(16_384) })

const Folder = z.strictObject({ kind: z.literal('folder'), path: AbsolutePath })

/** One binding, its secrets as text; reading turns them into values that never print. */
const OneBinding = z.discriminatedUnion('kind', [Endpoint, Connect, Ssh, SecretValue, Folder])

const bounded = <T extends z.ZodType>(name: RegExp, value: T, maxCount: number) =>
  z
    .record(z.string().regex(name, 'not a name'), value)
    .refine((all) => Object.keys(all).length <= maxCount, `more than ${maxCount}`)

const BindingsDocument = z.strictObject({
  format: z.literal('sallyport-bindings-1'),
  plugins: bounded(
    PLUGIN_NAME,
    bounded(HANDLE_NAME, OneBinding, BINDINGS_LIMITS.maxNames),
    BINDINGS_LIMITS.maxPlugins,
  ),
})

/**
 * Reads the bindings from the bytes of their document.
 *
 * Throws: ERR_BINDING_FORM, ERR_JSON_….
 */
export function parseBindings(bytes: Uint8Array): Bindings {
  const parsed = BindingsDocument.safeParse(parseJson(bytes, BINDINGS_LIMITS.maxBytes))
  if (parsed.success) return parsed.data.plugins
  const [issue] = parsed.error.issues
  throw formError(issue!.path.slice(1).map(String), issue!.message)
}

/** Reads one binding, its secrets as text, in the form that the vault keeps. Throws: ERR_BINDING_FORM. */
export function parseBinding(given: unknown): Binding {
  const parsed = OneBinding.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw formError(issue!.path.map(String), issue!.message)
}

/**
 * Writes the bindings as the bytes of their document: the one place where their secrets are text.
 *
 * Throws: ERR_BINDING_FORM when a binding or their number is out of bounds.
 */
export function encodeBindings(plugins: Bindings): Uint8Array {
  const bytes = encodeJson({ format: 'sallyport-bindings-1', plugins: plain(plugins) })
  if (bytes.byteLength > BINDINGS_LIMITS.maxBytes) {
    throw formError([], `all bindings have at most ${BINDINGS_LIMITS.maxBytes} bytes`)
  }
  parseBindings(bytes)
  return bytes
}

function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal()
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]))
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined
  } catch {
    return false
  }
}

function isServiceUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) return false
  return url.username === '' && url.password === '' && url.search === '' && url.hash === ''
}

/** Why: without TLS, whoever stands between reads the credential and answers in place of the service. */
function protectionFault(url: string, isUnix: boolean, by: string): string | undefined {
  if (!isServiceUrl(url)) return undefined
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:') {
    return by === 'none' ? 'https needs a CA, a fingerprint or the public authorities' : undefined
  }
  if (by !== 'none') return 'plain http has no certificate to check'
  const isLoopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
  return isUnix || isLoopback ? undefined : 'plain http only to this host itself'
}

function hasFreeHeaders(headers: Readonly<Record<string, unknown>>): boolean {
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  return new Set(names).size === names.length && !names.some((name) => STRUCTURAL_HEADERS.has(name))
}

function formError(path: readonly string[], why: string): CodedError {
  const at = path.join('.')
  const message = at === '' ? why : `${at}: ${why}`
  return new CodedError('ERR_BINDING_FORM', message, { details: { at } })
}
