// SPDX-License-Identifier: Apache-2.0
/** Permission kind `endpoint`: approved routes of one bound HTTP service, with its credential added outside. */
import {
  CodedError,
  decideRequest,
  normalPath,
  routeFor,
  type EndpointAnswer,
  type OutgoingRequest,
  type Permission,
} from '@sallyport/sdk'
import { bytesArgument, isWrapped } from '../arguments.ts'
import type { BrokerKind, HandleSetting, OpenHandle } from '../contract.ts'
import { Gate } from '../gate.ts'
import { withinTime } from '../../within-time.ts'
import { Service, type OpenAnswer } from './service.ts'
import { Streams } from './streams.ts'

/** Time to hold one request against routes and constraints. */
const MATCH_MS = 500
const MAX_BYTES = 1_048_576

/** Whole answers lie in the memory of the agent; what is larger is read as a stream. */
const MAX_WHOLE_BYTES = 16_777_216

/** Whole requests of plugins at the same time; the permission bounds the time of each. */
const gate = new Gate({ width: 32, widthPerPlugin: 8, maxMs: 3_600_000 })

/** Calls bound services for plugins. */
export const endpoint: BrokerKind<'endpoint'> = {
  methods: ['request', 'open', 'read', 'close'],

  open(permission, setting): OpenHandle {
    const { pluginName, over } = setting
    const service = serviceOf(permission, setting)
    const streams = new Streams(pluginName, over)
    return {
      request: async (args, signal) => {
        const request = decided(permission, args, setting)
        const maxAnswerBytes = Math.min(permission.maxAnswerBytes, MAX_WHOLE_BYTES)
        const bounds = { timeoutMs: permission.timeoutMs, maxAnswerBytes }
        const whole = async (): Promise<EndpointAnswer> =>
          readWhole(await service().begin(request, bounds))
        return { value: await gate.pass(pluginName, signal, whole) }
      },
      open: async (args) => {
        const request = decided(permission, args, setting)
        const { id, answer } = await streams.add(() => service().begin(request, permission))
        answer.untime()
        return { value: { ...answer.head, streamId: id } }
      },
      read: async (args) => ({ value: await streams.read(streamIdOf(args)) }),
      close: async (args) => ({ value: streams.close(streamIdOf(args)) }),
    }
  },

  target: (_, [first]) => (typeof first === 'number' ? `stream ${first}` : targetOf(first)),

  suggest: (_, [first]) => {
    const { method, path } = partsOf(first)
    const route = method && path ? routeFor({ method, path }, new Map()) : undefined
    return route === undefined ? undefined : `endpoint('name', ['${route}'])`
  },
}

/**
 * Why on the first call: a run that calls nothing opens nothing. Why the binding is asked for at each: a lock that came
 * meanwhile, from whichever run, ends the use of connections that were made before it.
 */
function serviceOf({ binding }: Permission<'endpoint'>, setting: HandleSetting): () => Service {
  let opened: Service | undefined
  return () => {
    setting.over.throwIfAborted()
    const bound = setting.binding(binding, 'endpoint')
    return (opened ??= new Service(binding, bound, setting.over))
  }
}

/** What goes out in place of what the plugin wrote. Throws: ERR_HANDLE_DENIED, ERR_ARGUMENT_FORM, ERR_LIMIT. */
function decided(
  permission: Permission<'endpoint'>,
  args: readonly unknown[],
  { resources }: HandleSetting,
): OutgoingRequest {
  const given = withBytes(args[0])
  const decision = withinTime(MATCH_MS, () => decideRequest(permission, given, resources))
  if (decision.allowed) return decision.request
  throw new CodedError(decision.code, decision.why.slice(0, 1_000))
}

function withBytes(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || !('bytes' in given)) return given
  if (!isWrapped(given.bytes)) return given
  return { ...given, bytes: bytesArgument([given.bytes], 0, 'bytes', MAX_BYTES) }
}

async function readWhole(answer: OpenAnswer): Promise<EndpointAnswer> {
  const pieces: Uint8Array[] = []
  for await (const piece of answer.pieces) pieces.push(piece)
  return { ...answer.head, body: new Uint8Array(Buffer.concat(pieces)) }
}

function streamIdOf(args: readonly unknown[]): number {
  const [id] = args
  if (Number.isSafeInteger(id) && (id as number) > 0) return id as number
  throw new CodedError('ERR_ARGUMENT_FORM', 'streamId is no number of a stream')
}

/** Method and normalised path; never the query or the body, which may hold what no log should. */
function targetOf(given: unknown): string {
  const { method, path } = partsOf(given)
  const shown = normalPath(path) ?? JSON.stringify(path?.replace(/[?#].*$/s, '').slice(0, 200))
  return `${method ?? 'no method'} ${shown ?? 'no path'}`
}

function partsOf(given: unknown): { method: string | undefined; path: string | undefined } {
  const { method, path } = (given ?? {}) as { method?: unknown; path?: unknown }
  return {
    method: typeof method === 'string' ? method.slice(0, 16) : undefined,
    path: typeof path === 'string' ? path : undefined,
  }
}
