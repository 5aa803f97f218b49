// SPDX-License-Identifier: Apache-2.0
/** The package `ssh2` brings no types; plugins of tests say themselves what of it they use. */
declare module 'ssh2' {
  const ssh2: unknown
  export { ssh2 as default }
}
