// SPDX-License-Identifier: Apache-2.0
/** A plugin under its own name with every job type altered: for plugins that are not what was approved, or in a hurry. */
import { definePlugin, type AnyJobType, type Plugin } from '@sallyport/sdk'

/** The plugin with what `alter` makes of each job type. */
export function alteredPlugin(plugin: Plugin, alter: (job: AnyJobType) => AnyJobType): Plugin {
  const jobs = Object.entries<AnyJobType>(plugin.jobs).map(([name, job]) => [name, alter(job)])
  return definePlugin({
    name: plugin.name,
    summary: plugin.summary,
    jobs: Object.fromEntries(jobs) as Plugin['jobs'],
  })
}
