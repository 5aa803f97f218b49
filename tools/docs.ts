// SPDX-License-Identifier: Apache-2.0
/** `npm run docs`: writes every generated file that is committed. */
import { allGenerated } from './all-generated.ts'
import { isFresh, write } from './generated.ts'

for (const file of await allGenerated()) {
  const state = isFresh(file) ? 'unchanged' : 'written  '
  write(file)
  console.log(`${state}  ${file.path}`)
}
