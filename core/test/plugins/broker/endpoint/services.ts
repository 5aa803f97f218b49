// SPDX-License-Identifier: Apache-2.0
/** Services that plugins call in tests: real HTTP, each with a ledger of what reached it. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { Secret, type EndpointScope } from '@sallyport/sdk'
import type { BindingStore, EndpointBinding } from '../../../../src/plugins/bindings/binding.ts'
import { findBinding } from '../../../../src/plugins/bindings/find-binding.ts'
import { endpoint } from '../../../../src/plugins/broker/endpoint/endpoint.ts'
import type { HandleSetting } from '../../../../src/plugins/broker/contract.ts'
import { settingOf } from '../setting.ts'
import type { Leaf } from './certificates.ts'

/** The credential in every test. */
export const TOKEN = 'canary-0123456789'

/** One request as it reached a service. */
export interface Received {
  readonly method: string
  /** As written on the wire. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A running service. */
export interface ServiceForTest extends AsyncDisposable {
  readonly received: Received[]
  /** Connections made so far. */
  readonly connectionCount: () => number
  readonly url: string
  binding(changes?: Partial<EndpointBinding>): EndpointBinding
}

/** Starts a service; `answer` runs when the whole request has been read. */
export async function startService(
  answer: (request: Received, response: Parameters<RequestListener>[1]) => void = (_, response) =>
    void response.end('{}'),
  options: { readonly tls?: Leaf; readonly path?: string } = {},
): Promise<ServiceForTest> {
  const received: Received[] = []
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const entry = { method, url, headers, body: Buffer.concat(chunks).toString() }
      received.push(entry)
      answer(entry, response)
    })
  }
  const { tls, path } = options
  const server = tls === undefined ? createServer(listener) : createTlsServer({ ...tls }, listener)
  return listen(server, { received, path, isTls: tls !== undefined })
}

/** Starts a service that writes bytes as it likes. */
export async function startRawService(
  speak: (socket: Socket, bytes: Buffer) => void,
): Promise<ServiceForTest> {
  const received: Received[] = []
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (bytes: Buffer) => {
      const [line = ''] = bytes.toString('latin1').split('\r\n')
      const [method = '', url = ''] = line.split(' ')
      received.push({ method, url, headers: {}, body: '' })
      speak(socket, bytes)
    })
  })
  return listen(server as Server, { received, path: undefined, isTls: false })
}

async function listen(
  server: Server,
  about: { received: Received[]; path: string | undefined; isTls: boolean },
): Promise<ServiceForTest> {
  const sockets = new Set<Socket>()
  let count = 0
  server.on('connection', (socket: Socket) => {
    count += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((done) =>
    about.path === undefined
      ? server.listen(0, '127.0.0.1', done)
      : server.listen(about.path, done),
  )
  const port = about.path === undefined ? (server.address() as AddressInfo).port : 80
  const url = `${about.isTls ? 'https' : 'http'}://127.0.0.1:${port}`
  return {
    received: about.received,
    connectionCount: () => count,
    url,
    binding: (changes = {}) => ({
      kind: 'endpoint',
      url,
      pin: { by: 'none' },
      headers: { Authorization: new Secret(`Bearer ${TOKEN}`) },
      ...(about.path !== undefined && { socketPath: about.path }),
      ...changes,
    }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    },
  }
}

/** A handle on a bound service, called as a plugin calls it. */
export interface HandleForTest {
  request(request: unknown): Promise<any>
  open(request: unknown): Promise<any>
  read(streamId: unknown): Promise<any>
  close(streamId: unknown): Promise<any>
  /** Ends the run. */
  end(): void
}

/** Opens a handle for a job with these resources. */
export function openHandle(
  binding: EndpointBinding,
  scope: Partial<EndpointScope>,
  options: {
    resources?: Readonly<Record<string, readonly string[]>>
    pluginName?: string
    /** Asked for the binding instead. */
    store?: BindingStore
  } = {},
): HandleForTest {
  const over = new AbortController()
  const { store } = options
  const setting: HandleSetting = settingOf(
    {
      over: over.signal,
      resources: new Map(Object.entries(options.resources ?? {})),
      pluginName: options.pluginName ?? 'trial',
      ...(store !== undefined && {
        binding: (name, kind) => findBinding(store, 'trial', { name, kind }),
      }),
    },
    { svc: binding },
  )
  const permission = {
    kind: 'endpoint' as const,
    binding: 'svc',
    routes: [],
    timeoutMs: 5_000,
    maxBodyBytes: 65_536,
    maxAnswerBytes: 1_048_576,
    ...scope,
  }
  const handle = endpoint.open(permission, setting)
  const call = async (method: string, argument: unknown): Promise<unknown> =>
    (await handle[method]!([argument], over.signal)).value
  return {
    request: (request) => call('request', request),
    open: (request) => call('open', request),
    read: (streamId) => call('read', streamId),
    close: (streamId) => call('close', streamId),
    end: () => over.abort(Object.assign(new Error('over'), { code: 'ERR_RUN_OVER' })),
  }
}

/** The code and the message of a call that was refused. */
export async function refusal(call: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await call
  } catch (error) {
    const { code, message } = error as { code: string; message: string }
    return { code, message }
  }
  return { code: 'none', message: 'the call was allowed' }
}
