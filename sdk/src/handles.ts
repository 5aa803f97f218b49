// SPDX-License-Identifier: Apache-2.0
/** The objects a job gets for its permissions. Each call is checked and made by the agent, outside the sandbox. */

/** Reads files and folders below the approved paths, absolute or `@name/…`; symbolic links are resolved before the check. */
export interface FileReader {
  /** The whole file as UTF-8 text. Throws ERR_HANDLE_DENIED, ERR_FILE_NOT_FOUND, ERR_FILE_READ, ERR_LIMIT. */
  text(path: string): Promise<string>
  /** The whole file as bytes. Throws as `text` does. */
  bytes(path: string): Promise<Uint8Array>
  /** Paths of the entries of a folder, as it was named, sorted; empty when the folder does not exist. */
  list(path: string): Promise<string[]>
}

/** What an approved program printed. `exitCode` is null when a signal ended it. */
export interface ProgramResult {
  readonly exitCode: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the one approved program; never through a shell. */
export interface ProgramRunner {
  /** Runs the program with arguments of the approved shape. Throws ERR_HANDLE_DENIED, ERR_PROGRAM_NOT_FOUND, ERR_LIMIT. */
  run(args: readonly string[]): Promise<ProgramResult>
}

/** A private folder of small values that outlives the job; shared by the jobs of one plugin on one agent. */
export interface StateStore {
  /** The value, or undefined when there is none. */
  get(key: string): Promise<string | undefined>
  /** Replaces the value atomically. Throws ERR_LIMIT when the quota is used up. */
  set(key: string, value: string): Promise<void>
  delete(key: string): Promise<void>
  /** All keys, sorted. */
  keys(): Promise<string[]>
}

/** Replaces and removes files below the approved paths; symbolic links are resolved before the check. */
export interface FileWriter {
  /** Replaces or makes a file, whole or not at all; at most 1 MiB in one call. Throws ERR_HANDLE_DENIED, ERR_FILE_WRITE, ERR_LIMIT. */
  write(path: string, content: string | Uint8Array): Promise<void>
  /** Removes a file; none is fine too. Throws ERR_HANDLE_DENIED, ERR_FILE_WRITE. */
  remove(path: string): Promise<void>
}

/** A value in a query or a form. */
export type FieldValue = string | number | boolean

/** A request to a bound service. At most one of `json`, `form` and `bytes`. */
export interface EndpointRequest {
  readonly method: string
  /** Below the bound address, segments percent-encoded, without query: `/nodes/pve1/status`. */
  readonly path: string
  readonly query?: Readonly<Record<string, FieldValue | readonly FieldValue[]>>
  /** Only `accept`, `content-type`, `if-match`, `if-none-match`, `last-event-id` and `range`. */
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly form?: Readonly<Record<string, FieldValue | readonly FieldValue[]>>
  readonly bytes?: Uint8Array
}

/** Status and headers of an answer; header names in lower case. */
export interface EndpointHead {
  readonly status: number
  /** What the service wrote behind the status; some put their reason there. May be empty. */
  readonly statusText: string
  readonly headers: Readonly<Record<string, string>>
}

/** A whole answer. Any status is an answer; it is not thrown. */
export interface EndpointAnswer extends EndpointHead {
  readonly body: Uint8Array
}

/** The approved routes of one bound HTTP service. */
export interface Endpoint {
  /** Makes one request. Throws ERR_HANDLE_DENIED, ERR_ENDPOINT_UNREACHABLE, ERR_ENDPOINT_UNTRUSTED, ERR_LIMIT. */
  request(request: EndpointRequest): Promise<EndpointAnswer>
  /** Begins a request whose answer is read piece by piece. Throws as `request` does. */
  open(request: EndpointRequest): Promise<EndpointHead & { readonly streamId: number }>
  /** The next piece of an answer, null after the last; the service waits until it is asked for. */
  read(streamId: number): Promise<Uint8Array | null>
  /** Ends a stream before its end. */
  close(streamId: number): Promise<void>
}

/** A connected stream of bytes: the part of Node's `net.Socket` that plugins may rely on. */
export interface ByteSocket extends AsyncIterable<Uint8Array> {
  write(bytes: Uint8Array | string): boolean
  end(bytes?: Uint8Array | string): unknown
  destroy(error?: Error): unknown
  on(event: string, listener: (...args: never[]) => void): unknown
  once(event: string, listener: (...args: never[]) => void): unknown
}

/** Opens connections to one bound address. */
export interface Connector {
  /** A new connection; it ends with the run. Throws ERR_CONNECT_FAILED, ERR_LIMIT. */
  open(): Promise<ByteSocket>
}

/** What an SSH client needs: a connection, the public half of the key, and signatures by it. */
export interface SshAccess {
  /** A connection to the host, before any SSH byte; it is cut when another host answers. Throws ERR_CONNECT_FAILED. */
  open(): Promise<ByteSocket>
  /** Whom to log in as, and with which key. `publicKey` is in SSH wire format. Source: RFC 4253, section 6.6. */
  identity(): Promise<{ readonly user: string; readonly publicKey: Uint8Array }>
  /** Signs the request to log in to that host as that user, and nothing else. Throws ERR_HANDLE_DENIED. */
  sign(data: Uint8Array, algorithm: string): Promise<Uint8Array>
}

/** Reads one bound secret. */
export interface SecretReader {
  /** The value. Keep it no longer than needed, and out of logs and errors. */
  read(): Promise<string>
}

/** Runs other job types through the same admission. */
export interface Asker {
  /** The output of the other job. Throws ERR_HANDLE_DENIED, ERR_ASK_REFUSED, ERR_ASK_FAILED. */
  run(jobType: string, input: Readonly<Record<string, unknown>>): Promise<unknown>
}
