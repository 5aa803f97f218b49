// SPDX-License-Identifier: Apache-2.0
/** The policies to begin with: commented Cedar files that ship with the command line. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** Names of the templates, for one person, several, customers of a provider, and guests that help themselves. */
export const POLICY_TEMPLATES = ['solo', 'team', 'msp', 'self-service'] as const

/** The name of a template. */
export type PolicyTemplate = (typeof POLICY_TEMPLATES)[number]

/** Where the templates lie: beside `src` and beside `dist` alike. */
export const TEMPLATES_FOLDER: string = fileURLToPath(
  new URL('../../policy-templates', import.meta.url),
)

/** The text of a template. */
export async function readPolicyTemplate(template: PolicyTemplate): Promise<string> {
  return readFile(`${TEMPLATES_FOLDER}/${template}.cedar`, 'utf8')
}
