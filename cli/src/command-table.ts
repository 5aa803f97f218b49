// SPDX-License-Identifier: Apache-2.0
/** Every command and where it is, so that a start loads the one it runs and no other. */
import type { Command } from '@oclif/core/command'

type Load = () => Promise<Record<string, unknown>>

/** Command ids as they are typed, with `:` for the space, and their files. */
export const COMMAND_FILES: Readonly<Record<string, Load>> = {
  init: () => import('./commands/init.ts'),
  'hub:start': () => import('./commands/hub/start.ts'),
  'hub:status': () => import('./commands/hub/status.ts'),
  'hub:lift': () => import('./commands/hub/lift.ts'),
  'hub:backup': () => import('./commands/hub/backup.ts'),
  'hub:restore': () => import('./commands/hub/restore.ts'),
  'hub:confirm': () => import('./commands/hub/confirm.ts'),
  'site:add': () => import('./commands/site/add.ts'),
  'agent:code': () => import('./commands/agent/code.ts'),
  'agent:confirm': () => import('./commands/agent/confirm.ts'),
  'agent:enrol': () => import('./commands/agent/enrol.ts'),
  'agent:start': () => import('./commands/agent/start.ts'),
  'agent:list': () => import('./commands/agent/list.ts'),
  'agent:move': () => import('./commands/agent/move.ts'),
  'agent:rename': () => import('./commands/agent/rename.ts'),
  'agent:release': () => import('./commands/agent/release.ts'),
  'agent:revoke': () => import('./commands/agent/revoke.ts'),
  'agent:bind': () => import('./commands/agent/bind.ts'),
  'agent:bindings': () => import('./commands/agent/bindings.ts'),
  'agent:pin': () => import('./commands/agent/pin.ts'),
  'agent:unbind': () => import('./commands/agent/unbind.ts'),
  'plugin:new': () => import('./commands/plugin/new.ts'),
  'plugin:dev': () => import('./commands/plugin/dev.ts'),
  'plugin:learn': () => import('./commands/plugin/learn.ts'),
  'plugin:unused': () => import('./commands/plugin/unused.ts'),
  'plugin:build': () => import('./commands/plugin/build.ts'),
  'plugin:keygen': () => import('./commands/plugin/keygen.ts'),
  'plugin:sign': () => import('./commands/plugin/sign.ts'),
  'plugin:inspect': () => import('./commands/plugin/inspect.ts'),
  'plugin:approve': () => import('./commands/plugin/approve.ts'),
  'plugin:revoke': () => import('./commands/plugin/revoke.ts'),
  'plugin:release': () => import('./commands/plugin/release.ts'),
  'plugin:list': () => import('./commands/plugin/list.ts'),
  'job:plan': () => import('./commands/job/plan.ts'),
  'policy:init': () => import('./commands/policy/init.ts'),
  'policy:check': () => import('./commands/policy/check.ts'),
  'policy:explain': () => import('./commands/policy/explain.ts'),
  'policy:test': () => import('./commands/policy/test.ts'),
  'policy:publish': () => import('./commands/policy/publish.ts'),
  'policy:sign': () => import('./commands/policy/sign.ts'),
  'policy:show': () => import('./commands/policy/show.ts'),
  'job:run': () => import('./commands/job/run.ts'),
  'job:list': () => import('./commands/job/list.ts'),
  'job:show': () => import('./commands/job/show.ts'),
  'job:watch': () => import('./commands/job/watch.ts'),
  'job:review': () => import('./commands/job/review.ts'),
  'job:sign': () => import('./commands/job/sign.ts'),
  'job:withdraw': () => import('./commands/job/withdraw.ts'),
  'job:cancel': () => import('./commands/job/cancel.ts'),
  'incident:isolate': () => import('./commands/incident/isolate.ts'),
  'incident:lift': () => import('./commands/incident/lift.ts'),
  'incident:revoke-key': () => import('./commands/incident/revoke-key.ts'),
  'incident:rotate': () => import('./commands/incident/rotate.ts'),
  'incident:export': () => import('./commands/incident/export.ts'),
  'trust:show': () => import('./commands/trust/show.ts'),
  'trust:add': () => import('./commands/trust/add.ts'),
  'trust:remove': () => import('./commands/trust/remove.ts'),
  'trust:rotate': () => import('./commands/trust/rotate.ts'),
  'trust:threshold': () => import('./commands/trust/threshold.ts'),
  'trust:renew': () => import('./commands/trust/renew.ts'),
  'trust:publish': () => import('./commands/trust/publish.ts'),
  'trust:recover': () => import('./commands/trust/recover.ts'),
  'trust:sign': () => import('./commands/trust/sign.ts'),
  'schedule:add': () => import('./commands/schedule/add.ts'),
  'schedule:list': () => import('./commands/schedule/list.ts'),
  'schedule:next': () => import('./commands/schedule/next.ts'),
  'schedule:runs': () => import('./commands/schedule/runs.ts'),
  'schedule:pause': () => import('./commands/schedule/pause.ts'),
  'schedule:resume': () => import('./commands/schedule/resume.ts'),
  'schedule:remove': () => import('./commands/schedule/remove.ts'),
  'cluster:top': () => import('./commands/cluster/top.ts'),
  'proxmox:doctor': () => import('./commands/proxmox/doctor.ts'),
  'proxmox:setup': () => import('./commands/proxmox/setup.ts'),
  'audit:verify': () => import('./commands/audit/verify.ts'),
  'audit:prove': () => import('./commands/audit/prove.ts'),
  'audit:show': () => import('./commands/audit/show.ts'),
  'audit:query': () => import('./commands/audit/query.ts'),
  'audit:export': () => import('./commands/audit/export.ts'),
  'sim:proxmox': () => import('./commands/sim/proxmox.ts'),
  doctor: () => import('./commands/doctor.ts'),
  demo: () => import('./commands/demo.ts'),
}

/** Topics and what is in them. */
export const TOPICS: Readonly<Record<string, { description: string }>> = {
  hub: { description: 'The blind mailbox between operators and agents' },
  site: { description: 'The sites that a hub serves' },
  agent: { description: 'Hosts that run signed jobs' },
  plugin: { description: 'What agents can do: write it, build it, read it, approve it' },
  policy: { description: 'Who may run what where' },
  job: { description: 'Sign, send, follow and verify jobs' },
  trust: { description: 'Who may do what: keys, roles, and how many must sign' },
  incident: { description: 'When something is wrong: stop, look, mend' },
  schedule: { description: 'Jobs that agents run by themselves at their times' },
  cluster: { description: 'A Proxmox cluster as a whole' },
  proxmox: { description: 'An account for agents on Proxmox VE, and what it may do' },
  sim: { description: 'Simulated outside systems, for trying things without one' },
  audit: { description: 'The record that nobody can edit unseen' },
}

/** The commands of this start, filled by `loadCommands` and read by the parser. */
export const COMMANDS: Record<string, Command.Class> = {}

/** The id of the command that an argument list names, if it names one. */
export function commandIdOf(argv: readonly string[]): string | undefined {
  const words = argv.slice(0, 2).filter((word) => !word.startsWith('-'))
  return [words.join(':'), words[0] ?? ''].find((id) => Object.hasOwn(COMMAND_FILES, id))
}

/** Loads the commands of these ids. Each file exports its one command class. */
export async function loadCommands(ids: readonly string[]): Promise<void> {
  const loaded = await Promise.all(ids.map(async (id) => [id, await COMMAND_FILES[id]!()] as const))
  for (const [id, exported] of loaded) {
    COMMANDS[id] = Object.values(exported).find(
      (each) => typeof each === 'function',
    ) as Command.Class
  }
}
