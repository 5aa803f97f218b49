// SPDX-License-Identifier: Apache-2.0
/** Loaded before a program, plants the fault that the query of its address names: `--import=…/mutant.ts?name=…`. */
import { install, mutationNamed } from '../support/mutation.ts'
import { MUTATIONS } from './mutations.ts'

install(mutationNamed(MUTATIONS, new URL(import.meta.url).searchParams.get('name') ?? ''))
