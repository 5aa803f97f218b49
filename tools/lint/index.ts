// SPDX-License-Identifier: Apache-2.0
/** The local lint rules, as an ESLint plugin. */
import { noAmbientTimeOrChance } from './no-ambient-time-or-chance.ts'
import { noLooseJson } from './no-loose-json.ts'
import { noModuleMocking } from './no-module-mocking.ts'
import { noProcessEnv } from './no-process-env.ts'
import { noReveal } from './no-reveal.ts'
import { noShell } from './no-shell.ts'
import { spdxLine } from './spdx-line.ts'

/** Rules by name; a configuration writes `local/<name>`. */
export const local = {
  rules: {
    'no-ambient-time-or-chance': noAmbientTimeOrChance,
    'no-loose-json': noLooseJson,
    'no-module-mocking': noModuleMocking,
    'no-process-env': noProcessEnv,
    'no-reveal': noReveal,
    'no-shell': noShell,
    'spdx-line': spdxLine,
  },
}
