// SPDX-License-Identifier: Apache-2.0
/** A stream of a bound service as an async iterable. */
import type { Endpoint, EndpointRequest } from './handles.ts'
import { statusError } from './status-error.ts'

/**
 * The pieces of an answer, each asked for when it is wanted; leaving the loop early closes the stream.
 *
 * Throws: CodedError as the handle does, and ERR_ENDPOINT_STATUS when the service did not answer with success.
 *
 * @example
 * for await (const piece of readStream(use.docker, { method: 'GET', path: '/events' })) log(`${piece.length} bytes`)
 */
export async function* readStream(
  endpoint: Pick<Endpoint, 'open' | 'read' | 'close'>,
  request: EndpointRequest,
): AsyncGenerator<Uint8Array, void> {
  const { status, statusText, streamId } = await endpoint.open(request)
  try {
    if (status < 200 || status > 299) throw statusError(request, { status, statusText })
    yield* piecesOf(endpoint, streamId)
  } finally {
    await endpoint.close(streamId)
  }
}

/** The pieces of an open stream. */
export async function* piecesOf(
  endpoint: Pick<Endpoint, 'read'>,
  streamId: number,
): AsyncGenerator<Uint8Array, void> {
  for (;;) {
    const piece = await endpoint.read(streamId)
    if (piece === null) return
    yield piece
  }
}
