// SPDX-License-Identifier: Apache-2.0
/** What admission asks of a simulated disk. */
import type {
  AdmissionPorts,
  HeldPlugin,
  HeldRevocation,
  RevocableParts,
} from '@sallyport/core/admission'
import { epochMs, type Revocation } from '@sallyport/core/protocol'
import type { BundleName } from '@sallyport/core/runner'
import type { Disk, StoredApproval } from './disk.ts'

type DiskQuestions = Pick<
  AdmissionPorts,
  'replay' | 'rate' | 'approvals' | 'revocations' | 'quarantine' | 'standing' | 'cancellations'
>

/** The questions, each of which the disk may fail to answer. */
export function questionsOf(disk: Disk): DiskQuestions {
  const seen = () => {
    disk.expectReadable()
    return disk.seen
  }
  return {
    replay: { has: (jobId) => seen().runs.has(jobId) },
    rate: {
      admittedSince: (jobType, sinceMs) =>
        [...seen().runs.values()].filter(
          (run) =>
            run.jobType === jobType && run.receivedAtMs >= sinceMs && run.state !== 'refused',
        ).length,
    },
    approvals: { find: (name) => heldIn(name, disk) },
    revocations: { newest: (parts) => newestOf(parts, seen().revocations) },
    quarantine: { find: (digest) => seen().quarantine.get(digest) },
    standing: {
      isolation() {
        const word = seen().isolation
        return word?.isIsolated ? word : undefined
      },
      epochMs: () => seen().epochMs,
    },
    cancellations: {
      find: (jobId: string, requestedBy?: string) =>
        seen().cancellations.find(
          (row) =>
            row.jobId === jobId &&
            (row.onlyOf.length === 0 || row.onlyOf.includes(requestedBy ?? '')),
        ),
    },
  }
}

function heldIn(name: string, disk: Disk): HeldPlugin | undefined {
  disk.expectReadable()
  const { approvals, bundles } = disk.seen
  const [newest] = approvals
    .filter(({ approval }) => approval.plugin.name === name)
    .toSorted((a, b) => rank(b).localeCompare(rank(a)))
  if (newest === undefined) return undefined
  const { approval, envelope } = newest
  return { approval: envelope, bundle: bundles.get(approval.plugin.digest) }
}

function rank({ approval }: StoredApproval): string {
  return `${approval.issuedAt} ${approval.approvalId}`
}

function newestOf(
  parts: RevocableParts,
  revocations: readonly Revocation[],
): HeldRevocation | undefined {
  const [newest] = revocations
    .filter(({ subject }) => {
      const [part, value] = Object.entries(subject)[0] as [keyof RevocableParts, string]
      return parts[part] === value
    })
    .toSorted((a, b) => epochMs(b.issuedAt) - epochMs(a.issuedAt))
  if (newest === undefined) return undefined
  const { revocationId, subject, why, issuedAt } = newest
  const part = Object.keys(subject)[0] as keyof RevocableParts
  return { revocationId, subject: part, issuedAtMs: epochMs(issuedAt), why }
}

/** The bundles that a revocation is about and that no newer approval names. */
export function concernedBy(
  { subject, issuedAt }: Revocation,
  approvals: readonly StoredApproval[],
): BundleName[] {
  const isNamed = ({ approval }: StoredApproval): boolean =>
    ('plugin' in subject && approval.plugin.name === subject.plugin) ||
    ('digest' in subject && approval.plugin.digest === subject.digest) ||
    ('publisherKey' in subject && approval.publisher.key === subject.publisherKey)
  const newer = approvals.filter(({ approval }) => approval.issuedAt > issuedAt)
  const concerned = approvals
    .filter(isNamed)
    .filter((each) =>
      newer.every(({ approval }) => approval.plugin.digest !== each.approval.plugin.digest),
    )
  const names = concerned.map(({ approval }) => approval.plugin)
  return [...new Map(names.map((plugin) => [plugin.digest, plugin])).values()]
}
