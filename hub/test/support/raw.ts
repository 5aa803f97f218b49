// SPDX-License-Identifier: Apache-2.0
/** HTTP by hand, for requests that the real client would never make. */
import { randomBytes, randomUUID } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import {
  makeDpopKey,
  signDocument,
  signDpopProof,
  type DpopKey,
  type Identity,
} from '@sallyport/core/crypto'
import { documents, encodeBase64url, instantOf } from '@sallyport/core/protocol'

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** The key that proves all requests of a test that names no other. */
export const DPOP_KEY: DpopKey = makeDpopKey(randomBytes(48))

/** What may be wrong with the proof of a request. */
export interface DpopChanges {
  readonly key?: DpopKey
  readonly method?: string
  readonly url?: string
  readonly nonce?: string | undefined
  readonly proofId?: string
  readonly ofToken?: string | undefined
}

/** The nonce of the hub of this address. */
export async function askNonce(url: string): Promise<string> {
  const { headers } = await send(`${new URL(url).origin}/v1/agents`)
  return String(headers['dpop-nonce'])
}

/** Proves a request; with a token the proof goes with it. */
export async function proofOf(
  method: string,
  url: string,
  token: string | undefined,
  changes: DpopChanges = {},
): Promise<string> {
  const nonce = 'nonce' in changes ? changes.nonce : await askNonce(url)
  const [plain = ''] = url.split('?', 1)
  const request = {
    method: changes.method ?? method,
    url: changes.url ?? plain,
    nonce,
    token: 'ofToken' in changes ? changes.ofToken : token,
  }
  const made = { proofId: changes.proofId ?? randomUUID(), nowMs: Date.now() }
  return signDpopProof(changes.key ?? DPOP_KEY, request, made)
}

/** The headers of a request with a token. */
export async function accessHeaders(
  method: string,
  url: string,
  token: string,
  changes: DpopChanges = {},
): Promise<Record<string, string>> {
  return { authorization: `DPoP ${token}`, dpop: await proofOf(method, url, token, changes) }
}

/** Sends a request with whatever headers and bytes. */
export function send(
  url: string,
  options: {
    method?: string
    headers?: Record<string, string>
    body?: string | Uint8Array
  } = {},
): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>()
  const { method = 'GET', headers = {}, body } = options
  const request = httpRequest(url, { method, headers, agent: false }, (answer) => {
    const chunks: Buffer[] = []
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    answer.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text })
    })
    answer.on('error', reject)
  })
  request.on('error', reject)
  request.end(body)
  return promise
}

/** Sends JSON text as it stands. */
export async function sendJson(
  url: string,
  text: string,
  options: { method?: string; token?: string } = {},
): Promise<RawAnswer> {
  const { method = 'POST', token } = options
  const access = token === undefined ? {} : await accessHeaders(method, url, token)
  const headers = { 'content-type': 'application/json', ...access }
  return send(url, { method, headers, body: text })
}

/** Writes bytes to a socket and reads until it closes. */
export function exchangeBytes(url: string, bytes: string, timeoutMs = 15_000): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname, () => socket.write(bytes))
  let text = ''
  socket.setTimeout(timeoutMs, () => socket.destroy())
  socket.on('data', (chunk) => (text += chunk.toString('utf8')))
  socket.on('error', reject)
  socket.on('close', () => resolve(text))
  return promise
}

/** The code of an error answer, after checking that the answer has nothing but the two members. */
export function errorCodeOf(answer: RawAnswer): string {
  const body = JSON.parse(answer.text) as Record<string, unknown>
  const names = Object.keys(body).toSorted().join()
  if (names !== 'code,correlationId') throw new Error(`not an error body: ${answer.text}`)
  return String(body['code'])
}

/** What may be wrong with a proof. */
export interface ProofChanges {
  readonly hub?: string
  readonly signer?: Identity
  readonly issuedAt?: string
  readonly challenge?: string
  readonly dpop?: string
}

/** Answers a challenge, without sending the answer. */
export async function makeProof(
  url: string,
  identity: Identity,
  changes: ProofChanges = {},
): Promise<string> {
  const document = {
    challenge: changes.challenge ?? (await askChallenge(url, identity)),
    hub: changes.hub ?? url,
    keyId: identity.signing.keyId,
    dpop: changes.dpop ?? DPOP_KEY.thumbprint,
    instance: encodeBase64url(new Uint8Array(16).fill(1)),
    startCount: 0,
    issuedAt: changes.issuedAt ?? instantOf(Date.now()),
  }
  const { signing } = changes.signer ?? identity
  return Buffer.from(signDocument(documents.sessionProof, document, signing)).toString()
}

/** Opens a session step by step; the token is empty when it was refused. */
export async function openToken(
  url: string,
  identity: Identity,
  changes: ProofChanges = {},
): Promise<RawAnswer & { token: string }> {
  const answer = await openSession(url, await makeProof(url, identity, changes))
  const token = answer.status === 200 ? (JSON.parse(answer.text) as { token: string }).token : ''
  return { ...answer, token }
}

/** Sends the proof of a session. */
export async function openSession(
  url: string,
  proof: string,
  changes: DpopChanges = {},
): Promise<RawAnswer> {
  const path = `${url}/v1/sessions`
  const dpop = await proofOf('POST', path, undefined, changes)
  const headers = { 'content-type': 'application/json', dpop }
  return send(path, { method: 'POST', headers, body: JSON.stringify({ proof }) })
}

/** Asks for a challenge. */
export async function askChallenge(url: string, identity: Identity): Promise<string> {
  const body = JSON.stringify({ keyId: identity.signing.keyId })
  const answer = await sendJson(`${url}/v1/sessions/challenges`, body)
  return (JSON.parse(answer.text) as { challenge: string }).challenge
}
