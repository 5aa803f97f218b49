// SPDX-License-Identifier: Apache-2.0
/** HTTP by hand, for requests that the real client would never make. */
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { signDocument, type Identity } from '@sallyport/core/crypto'
import { documents, instantOf } from '@sallyport/core/protocol'

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
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
export function sendJson(
  url: string,
  text: string,
  options: { method?: string; token?: string } = {},
): Promise<RawAnswer> {
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (options.token !== undefined) headers['authorization'] = `Bearer ${options.token}`
  return send(url, { method: options.method ?? 'POST', headers, body: text })
}

/** Writes bytes to a socket and reads until it closes. */
export function exchangeBytes(url: string, bytes: string, timeoutMs = 5_000): Promise<string> {
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

/** The code of an error answer, after checking that the answer has nothing but the three members. */
export function errorCodeOf(answer: RawAnswer): string {
  const body = JSON.parse(answer.text) as Record<string, unknown>
  const names = Object.keys(body).toSorted().join()
  if (names !== 'code,correlationId,message') throw new Error(`not an error body: ${answer.text}`)
  return String(body['code'])
}

/** What may be wrong with a proof. */
export interface ProofChanges {
  readonly hub?: string
  readonly signer?: Identity
  readonly issuedAt?: string
  readonly challenge?: string
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

/** Sends a proof. */
export function openSession(url: string, proof: string): Promise<RawAnswer> {
  return sendJson(`${url}/v1/sessions`, JSON.stringify({ proof }))
}

/** Asks for a challenge. */
export async function askChallenge(url: string, identity: Identity): Promise<string> {
  const body = JSON.stringify({ keyId: identity.signing.keyId })
  const answer = await sendJson(`${url}/v1/sessions/challenges`, body)
  return (JSON.parse(answer.text) as { challenge: string }).challenge
}
