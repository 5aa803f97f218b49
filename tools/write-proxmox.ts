// SPDX-License-Identifier: Apache-2.0
/** The tables in `docs/plugins/proxmox.md`, from the code of the plugin: its job types, and the rights that each takes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { manifestOf } from '@sallyport/sdk'
import type { JobManifest } from '@sallyport/sdk'
import { repositoryRoot, type Generated } from './generated.ts'
import { loadProxmox, type Right } from './write-privileges.ts'

const PAGE = 'docs/plugins/proxmox.md'

/** The page as it should stand in the repository: its own words, with fresh tables between the marks. */
export async function proxmoxPage(): Promise<Generated> {
  const { plugin, rights } = await loadProxmox()
  const page = readFileSync(join(repositoryRoot, PAGE), 'utf8')
  const withJobs = withSection(page, 'jobs', jobTable(manifestOf(plugin, '0').jobs))
  return { path: PAGE, text: withSection(withJobs, 'rights', rightTable(rights)) }
}

/** Puts a table between the two marks of its name. Throws: Error where a mark is missing. */
export function withSection(page: string, name: string, table: string): string {
  const begin = `<!-- ${name}: written by \`npm run docs\` -->`
  const end = `<!-- end of ${name} -->`
  const [at, to] = [page.indexOf(begin), page.indexOf(end)]
  if (at < 0 || to < at) throw new Error(`${PAGE} needs the marks ${begin} and ${end}`)
  return `${page.slice(0, at)}${begin}\n\n${table}\n\n${page.slice(to)}`
}

function jobTable(jobs: Readonly<Record<string, JobManifest>>): string {
  const rows = Object.entries(jobs).map(([name, job]) => {
    const acts = Object.keys(job.resources)
      .map((each) => `\`${each}\``)
      .join(' ')
    return `| \`${name}\` | ${job.effect} | ${job.summary} | ${acts || '–'} | ${stepsOf(job)} |`
  })
  return [
    '| job type | effect | what it does | acts on | steps around the run |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n')
}

function stepsOf({ hasPlan, hasResume, hasVerify }: JobManifest): string {
  const steps = [hasPlan && 'plan', hasVerify && 'verify', hasResume && 'resume']
  return steps.filter((step) => step !== false).join(', ') || '–'
}

/** Why grouped: many job types take the same rights, and fewer rows are read. */
function rightTable(rights: Readonly<Record<string, readonly Right[]>>): string {
  const jobsOf = new Map<string, string[]>()
  for (const [name, each] of Object.entries(rights)) {
    const text = each.map(({ path, privileges }) => `${privileges.join(', ')} on \`${path}\``)
    const key = text.join('; ') || 'none'
    jobsOf.set(key, [...(jobsOf.get(key) ?? []), name])
  }
  const rows = [...jobsOf].map(
    ([text, names]) => `| ${names.map((name) => `\`${name}\``).join(', ')} | ${text} |`,
  )
  return ['| job types | rights of the token |', '|---|---|', ...rows].join('\n')
}
