// SPDX-License-Identifier: Apache-2.0
/** Asks an agent what its token on Proxmox VE may and may not for the job types that are approved there. */
import { failed, ok, type Finding } from '../doctor/finding.ts'
import { countsOf, findingsScreen } from '../doctor/findings-screen.ts'
import type { PinnedAgent } from '../operator/agents.ts'
import { readApprovals, standingApproval } from '../operator/approvals.ts'
import { findAgent } from '../operator/descriptors.ts'
import type { Operator } from '../operator/operator.ts'
import { runOne } from '../operator/run-one.ts'
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import type { Talk } from '../output/talk.ts'
import { waiting } from '../output/waiting.ts'
import { AccessCheck, accessFindings } from '../proxmox/access-findings.ts'
import { z } from 'zod'

const PLUGIN = 'proxmox'

/** Looks; returns the exit code. */
export async function proxmoxDoctor(
  operator: Operator,
  talk: Talk,
  request: { readonly agent: string; readonly timeoutMs: number },
): Promise<number> {
  const agent = await waiting(talk, 'asking the hub', () => findAgent(operator, request.agent))
  const findings = await waiting(talk, `asking ${agent.name}`, () =>
    examine(operator, agent, request.timeoutMs),
  )
  const counts = countsOf(findings)
  const document = { format: 'sallyport.proxmox-doctor/1', agent: agent.name, counts, findings }
  talk.answer(document, () => findingsScreen(findings, talk.paint))
  return counts.failed > 0 ? EXIT.failed : EXIT.done
}

async function examine(
  operator: Operator,
  agent: PinnedAgent,
  timeoutMs: number,
): Promise<Finding[]> {
  const jobs = await approvedJobs(operator, agent)
  const run = (job: string, input: Record<string, string[]>): Promise<unknown> =>
    runOne(operator, agent, { jobType: `${PLUGIN}/${job}`, input, timeoutMs })
  const access = AccessCheck.parse(await run('access.check', { jobs: [...jobs] }))
  const maySee = access.jobs.some(({ job, state }) => job === 'cluster.status' && state === 'ready')
  const seen = maySee ? await clusterFindings(() => run('cluster.status', {})) : []
  return [...seen, ...accessFindings(access)]
}

/** Throws: ERR_NOTHING_APPROVED. */
async function approvedJobs(operator: Operator, agent: PinnedAgent): Promise<readonly string[]> {
  const records = await readApprovals(operator.home)
  const about = { plugin: PLUGIN, nowMs: operator.now() }
  const approval = standingApproval(records, agent.agentId, about)
  if (approval !== undefined) return Object.keys(approval.jobs)
  throw new Problem('ERR_NOTHING_APPROVED', `${agent.name} holds no approved ${PLUGIN} plugin`, {
    exit: EXIT.refused,
    unharmed: 'Nothing was asked.',
    remedy: 'Approve it first:',
    commands: [`sallyport plugin approve <bundle> --agent ${agent.name}`],
  })
}

const Status = z.object({
  name: z.string().nullable(),
  version: z.string(),
  isQuorate: z.boolean(),
  nodes: z.array(z.object({ state: z.string() })),
})

async function clusterFindings(ask: () => Promise<unknown>): Promise<Finding[]> {
  try {
    return statusFindings(Status.parse(await ask()))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const { message, code, remedy } = error
    return [failed('cluster', message, { code, remedy })]
  }
}

function statusFindings({ name, version, isQuorate, nodes }: z.infer<typeof Status>): Finding[] {
  const online = nodes.filter(({ state }) => state === 'online').length
  const text = `${name ?? 'a single node'}, Proxmox VE ${version}, ${online} of ${nodes.length} nodes online`
  if (isQuorate) return [ok('cluster', text)]
  const remedy = 'bring back enough nodes; until then the cluster changes nothing'
  return [
    ok('cluster', text),
    failed('cluster', 'there is no quorum', { code: 'no_quorum', remedy }),
  ]
}
