// SPDX-License-Identifier: Apache-2.0
/** A bound service for a program of this project itself: the same routes, pin and bounds as a plugin would have. */
import { CodedError, type Endpoint, type EndpointAnswer, type Permission } from '@sallyport/sdk'
import type { EndpointBinding } from '../../bindings/binding.ts'
import { endpoint } from './endpoint.ts'

/**
 * Opens a service without a sandbox around the one who calls it. It ends when `over` is aborted.
 *
 * Trust: the caller is a program of this project; the routes keep it to what it says it does.
 */
export function openBoundEndpoint(
  permission: Permission<'endpoint'>,
  binding: EndpointBinding,
  over: AbortSignal,
): Pick<Endpoint, 'request'> {
  const handle = endpoint.open(permission, {
    pluginName: 'sallyport',
    jobId: '',
    step: 'run',
    stateDirectory: '',
    resources: new Map(),
    binding: () => binding as never,
    ask: () => {
      throw new CodedError('ERR_HANDLE_DENIED', 'a program asks nobody')
    },
    over,
  })
  return {
    request: async (request) => (await handle['request']!([request], over)).value as EndpointAnswer,
  }
}
