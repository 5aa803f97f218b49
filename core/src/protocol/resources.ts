// SPDX-License-Identifier: Apache-2.0
/** What a job acts on, as its signed input names it; fakes of the SDK read it the same way. */
export { resourcesOf } from '@sallyport/sdk'
export type { Resources } from '@sallyport/sdk'
