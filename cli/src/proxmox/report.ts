// SPDX-License-Identifier: Apache-2.0
/** What is read of the output of `proxmox/cluster.report`; the rest is passed on in JSON as it came. */
import { EXIT } from '../output/exit-codes.ts'
import { Problem } from '../output/problem.ts'
import { z } from 'zod'

const share = z.number().nullable().optional()

const Node = z.object({
  name: z.string(),
  state: z.string(),
  cpuPercent: z.number().optional(),
  memoryUsedBytes: z.number().optional(),
  memoryTotalBytes: z.number().optional(),
  pressure: z
    .object({
      cpuPercent: z.number().optional(),
      memoryPercent: z.number().optional(),
      ioPercent: z.number().optional(),
    })
    .optional(),
})

/** One node of a report. */
export type ReportedNode = z.infer<typeof Node>

const Sample = z.object({ cpuPercent: share, memoryPercent: share })

/** The output, as far as it is drawn. */
export const ClusterReport = z.object({
  isLead: z.boolean(),
  lead: z.string().nullable(),
  report: z
    .object({
      cluster: z.object({ name: z.string().nullable(), isQuorate: z.boolean() }),
      nodes: z.array(Node),
      guests: z.array(z.object({ node: z.string(), status: z.string() })),
      storages: z.array(z.object({ storage: z.string(), node: z.string(), status: z.string() })),
      notes: z.array(z.string()),
    })
    .optional(),
  history: z.array(z.object({ node: z.string(), latest: z.array(Sample) })).optional(),
})
export type ClusterReport = z.infer<typeof ClusterReport>

/** Reads an output. Throws: ERR_OUTPUT_FORM. */
export function readReport(output: unknown): ClusterReport {
  const read = ClusterReport.safeParse(output)
  if (read.success) return read.data
  throw new Problem('ERR_OUTPUT_FORM', 'the plugin reports in a form this command does not know', {
    exit: EXIT.failed,
    details: { at: read.error.issues[0]?.path.join('.') ?? '' },
    unharmed: 'Nothing was changed.',
    remedy: 'Bring plugin and command line to one version; the report as it is:',
    commands: ['sallyport job run proxmox/cluster.report --agent <name>'],
  })
}
