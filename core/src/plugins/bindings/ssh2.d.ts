// SPDX-License-Identifier: Apache-2.0
/** The part of ssh2 that is used here; the package brings no types. */
declare module 'ssh2' {
  /** A key that was read. */
  interface ParsedKey {
    getPrivatePEM(): string | null
  }
  const ssh2: {
    readonly utils: {
      parseKey(data: string, passphrase?: string): ParsedKey | ParsedKey[] | Error
    }
  }
  export { ssh2 as default }
}
