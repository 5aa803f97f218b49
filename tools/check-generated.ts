// SPDX-License-Identifier: Apache-2.0
/** Fails when a committed file is not what its tool writes today. */
import { allGenerated } from './all-generated.ts'
import { isFresh } from './generated.ts'

const stale = (await allGenerated()).filter((file) => !isFresh(file))

for (const { path } of stale) console.error(`${path} is not up to date`)
if (stale.length > 0) {
  console.error('Run `npm run docs` and look at the difference before committing it.')
  process.exitCode = 1
}
