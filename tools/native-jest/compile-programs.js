// SPDX-License-Identifier: Apache-2.0
/** Jest global set-up: a run of everything compiles the programs first, rather than in each worker that comes to need them. */
import { compiledProgram } from '../../test/support/compiled-programs.ts'

export default async function compilePrograms({ testPathPatterns }) {
  if (testPathPatterns.patterns.length === 0) await compiledProgram('sallyport')
}
