// SPDX-License-Identifier: Apache-2.0
/** The node to set up on: by its own command where this is the node, else by a ticket over TLS. */
import type { ServicePin } from '@sallyport/core/plugins'
import { CodedError, Secret } from '@sallyport/sdk'
import { z } from 'zod'
import { makePin, type PinFlags } from '../bindings/make-endpoint.ts'
import { askHidden, readSecret } from '../bindings/secret-input.ts'
import { usage } from '../bindings/usage.ts'
import { confirmOrStop } from '../output/confirm.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import type { PveInterface } from '../proxmox/interface.ts'
import { onNode } from '../proxmox/on-node.ts'
import { overTicket } from '../proxmox/over-ticket.ts'

const LOCAL_URL = 'https://127.0.0.1:8006/api2/json'

/** Which node, and who logs in there. */
export interface NodeRequest {
  /** The node; undefined to use the command of the node this runs on. */
  readonly url?: string | undefined
  readonly pin: PinFlags
  readonly login: {
    readonly account: string
    readonly passwordFile?: string | undefined
    readonly totp?: string | undefined
  }
  readonly isAgreed: boolean
}

/** A node to set up on, and how the agent will know it later. */
export interface SetupNode {
  readonly pve: PveInterface
  readonly url: string
  readonly pin: ServicePin
}

/**
 * Reaches the node; what is reached ends when `over` is aborted.
 *
 * Throws: ERR_USAGE, ERR_PVE_LOGIN, ERR_PVE_LOCAL, ERR_PVE_ANSWER, ERR_ENDPOINT_…, and what asking throws.
 */
export async function nodeOf(
  talk: Talk,
  request: NodeRequest,
  over: AbortSignal,
): Promise<SetupNode> {
  const { url, pin: pinFlags, login, isAgreed } = request
  if (url === undefined) return localNode()
  if (!URL.canParse(url)) throw usage(`${url} is no address`)
  const at = new URL(url)
  const base = at.pathname === '/' ? `${at.origin}/api2/json` : url.replace(/\/$/, '')
  const pin = await makePin(at, pinFlags, (shown, question) =>
    confirmOrStop(talk, { shown, question, isAgreed }),
  )
  const password = new Secret(await passwordOf(login))
  const account = { id: login.account, password, totp: login.totp }
  const pve = await waiting(talk, `logging in as ${login.account}`, () =>
    overTicket({ url: base, pin }, account, over),
  )
  return { pve, url: base, pin }
}

/** Why the password is not kept anywhere: it is for this one sitting. */
async function passwordOf(login: NodeRequest['login']): Promise<string> {
  const question = `Password of ${login.account}`
  if (login.passwordFile !== undefined) return readSecret(login.passwordFile, question)
  const typed = await askHidden(question)
  if (typed !== undefined) return typed
  throw usage(`give the password of ${login.account} with --password-file (- is standard input)`)
}

const Certificates = z.array(
  z.object({ filename: z.string().optional(), fingerprint: z.string().optional() }),
)

/** Source: Proxmox VE Administration Guide, "Certificate Management": pveproxy-ssl.pem is used where it exists. */
async function localNode(): Promise<SetupNode> {
  const pve = onNode()
  const parsed = Certificates.safeParse(await pve.call('GET', '/nodes/localhost/certificates/info'))
  const certificates = parsed.success ? parsed.data : []
  const used = ['pveproxy-ssl.pem', 'pve-ssl.pem']
    .map((name) => certificates.find(({ filename }) => filename === name)?.fingerprint)
    .find((each) => each !== undefined)
  const sha256 = used?.replaceAll(':', '').toLowerCase() ?? ''
  if (/^[0-9a-f]{64}$/.test(sha256)) {
    return { pve, url: LOCAL_URL, pin: { by: 'fingerprint', sha256 } }
  }
  throw new CodedError('ERR_PVE_ANSWER', 'the node does not say which certificate it shows')
}
