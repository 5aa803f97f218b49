// SPDX-License-Identifier: Apache-2.0
/** The error page, `docs/errors.md`, from the two tables of the protocol: refusal reasons and error codes. */
import { ERROR_AREAS, REFUSALS } from '@sallyport/core/protocol'
import type { Generated } from './generated.ts'

const HEAD = `# Errors

Written by \`npm run docs\` from \`core/src/protocol/refusal.ts\` and \`core/src/protocol/errors/\`. Reasons and codes are public:
adding one is a minor version, changing one a major. Messages are for people and may change.

A **refusal** is a decision of an agent: nothing was done. An **error** is an accident, and its code says what is unharmed.
`

/** The page as it should stand in the repository. */
export function errorsPage(): Generated {
  const areas = Object.entries(ERROR_AREAS).map(([title, table]) => section(title, 'code', table))
  return {
    path: 'docs/errors.md',
    text: [HEAD, section('Refusals', 'reason', REFUSALS), ...areas].join('\n'),
  }
}

function section(
  title: string,
  kind: string,
  table: Readonly<Record<string, { meaning: string; remedy: string }>>,
): string {
  const rows = Object.entries(table).map(
    ([code, { meaning, remedy }]) => `| \`${code}\` | ${cell(meaning)} | ${cell(remedy)} |`,
  )
  return [
    `## ${title}`,
    '',
    `| ${kind} | meaning | what to do |`,
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
