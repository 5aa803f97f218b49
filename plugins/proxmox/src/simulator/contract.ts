// SPDX-License-Identifier: GPL-3.0-or-later
/** How the halves of the simulator meet: the front speaks HTTP and knows the schema, the behaviours know the cluster. */
import type { World } from './world.ts'

/** A request as it came over the wire. */
export interface SimRequest {
  readonly method: string
  /** The whole path with query, as it was sent: `/api2/json/nodes?x=1`. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** What the server does with a request: an answer, or one of the ways in which a connection goes wrong. */
export type SimAnswer =
  | {
      readonly status: number
      readonly reason: string
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array
      /** Time to wait before the answer. Units: milliseconds. */
      readonly delayMs: number
    }
  /** Closes the connection without a byte. */
  | { readonly ends: 'reset'; readonly delayMs: number }
  /** Never answers. */
  | { readonly ends: 'hang' }

/** A checked parameter: numbers and truth values have their type, lists are lists. */
export type ParamValue = string | number | boolean | readonly string[]

/** One call of an operation, after routing, authentication, the check of its parameters and that of the schema's rights. */
export interface Call {
  readonly world: World
  /** `root@pam` or `sallyport@pve!pve1`. */
  readonly user: string
  /** The operation, `GET /nodes/{node}/status`. */
  readonly operation: string
  /** Parameters of path, query and body in one. */
  readonly params: Readonly<Record<string, ParamValue>>
  /** Whether the caller has one of these privileges on a path such as `/vms/101`. */
  may(path: string, ...anyOf: string[]): boolean
  /** Throws 403 as the real one does unless the caller has all of these privileges on the path. */
  need(path: string, ...allOf: string[]): void
  /** What stands beside `data` in the answer, for operations that set it. */
  readonly attributes: { total?: number; changes?: string }
}

/** What one operation does; what it returns becomes `data` of the answer. */
export type Behaviour = (call: Call) => unknown

/** Behaviours by operation, `GET /nodes/{node}/status`. */
export type Behaviours = Readonly<Record<string, Behaviour>>

/** An error as Proxmox words it: it becomes the status line and `message`; `errors` is by parameter. */
export class PveError extends Error {
  readonly status: number
  readonly errors: Readonly<Record<string, string>> | undefined

  constructor(status: number, message: string, errors?: Readonly<Record<string, string>>) {
    super(message)
    this.status = status
    this.errors = errors
  }
}

/** The plain `die` of the real one: status 500 and a text. */
export function dies(message: string): PveError {
  return new PveError(500, message)
}

/** One request that reached an operation, or was refused before. For tests: the truth about what was asked and done. */
export interface LedgerEntry {
  readonly atMs: number
  readonly method: string
  /** The operation; the bare path when there is none. */
  readonly operation: string
  readonly path: string
  readonly params: Readonly<Record<string, ParamValue>>
  readonly user: string
  readonly status: number
  /** Whether the behaviour ran and was no GET. */
  readonly hasEffect: boolean
}

/** A whole exchange, for those who hold it against the vendor's schema. */
export interface Exchange extends LedgerEntry {
  /** Parameters of path, query and body as they came, before any check. */
  readonly sent: Readonly<Record<string, unknown>>
  readonly data: unknown
  readonly errors: Readonly<Record<string, string>> | undefined
}

/** A fault to put into the way of requests. The first rule that matches and has times left is taken. */
export interface FaultRule {
  /** An operation such as `POST /nodes/{node}/qemu/{vmid}/status/start`, or `*`. */
  readonly operation: string
  /** How often; for ever unless given. */
  readonly times?: number
  readonly fault:
    /** Answers with this status and nothing done. */
    | { readonly kind: 'status'; readonly status: number; readonly message?: string }
    /** Does what was asked, then closes the connection without an answer. */
    | { readonly kind: 'reset-after' }
    /** Closes the connection with nothing done. */
    | { readonly kind: 'reset-before' }
    /** Never answers; `isDone` says whether the operation happened. */
    | { readonly kind: 'hang'; readonly isDone: boolean }
    /** Answers later. */
    | { readonly kind: 'delay'; readonly delayMs: number }
    /** Answers with this text in place of the UPID of what was started. */
    | { readonly kind: 'other-upid'; readonly upid: string }
    /** Answers with a page of HTML, as a proxy in between would; 502 unless a status is given. Nothing is done. */
    | { readonly kind: 'html'; readonly status?: number }
}

/** A simulated cluster that answers requests. It opens nothing and starts no timer: time passes when it is asked. */
export interface ProxmoxSimulator {
  readonly world: World
  readonly ledger: readonly LedgerEntry[]
  handle(request: SimRequest): SimAnswer
  addFault(rule: FaultRule): void
  clearFaults(): void
  /** Called with each exchange once its answer is decided. */
  observe(listener: (exchange: Exchange) => void): void
}
