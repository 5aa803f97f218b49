// SPDX-License-Identifier: Apache-2.0
/** What runs commands, loaded when there is one to run. */
export { run } from '@oclif/core/run'
export { settings } from '@oclif/core/settings'
