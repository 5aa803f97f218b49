// SPDX-License-Identifier: Apache-2.0
/** The local lint rules, as a plugin of oxlint. */
import { documentedExport } from './documented-export.ts'
import { namedExport } from './named-export.ts'
import { noAmbientTimeOrChance } from './no-ambient-time-or-chance.ts'
import { noLooseJson } from './no-loose-json.ts'
import { noModuleMocking } from './no-module-mocking.ts'
import { noProcessEnv } from './no-process-env.ts'
import { noReveal } from './no-reveal.ts'
import { noShell } from './no-shell.ts'
import { spdxLine } from './spdx-line.ts'

/** Rules by name; a configuration writes `local/<name>`. */
export const local = {
  meta: { name: 'local' },
  rules: {
    'documented-export': documentedExport,
    'named-export': namedExport,
    'no-ambient-time-or-chance': noAmbientTimeOrChance,
    'no-loose-json': noLooseJson,
    'no-module-mocking': noModuleMocking,
    'no-process-env': noProcessEnv,
    'no-reveal': noReveal,
    'no-shell': noShell,
    'spdx-line': spdxLine,
  },
}

// Where oxlint looks for a plugin.
export default local
