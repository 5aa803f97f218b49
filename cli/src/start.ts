// SPDX-License-Identifier: Apache-2.0
/** The first lines that run: turns the compile cache on, then loads the program. */
import module from 'node:module'
import { compileCacheFolder } from './launch/compile-cache.ts'

const folder = compileCacheFolder()
if (folder !== undefined) module.enableCompileCache(folder)
const { main } = await import('./main.ts')
process.exitCode = await main(process.argv.slice(2))
