// SPDX-License-Identifier: GPL-3.0-or-later
/** What the simulated versions of Proxmox VE say of themselves. */
import type { PveVersion } from './world.ts'

/** A version as `/version` and the state of a node show it. */
export interface Release {
  readonly release: string
  readonly version: string
  readonly repoid: string
  readonly kernel: string
  readonly kernelBuild: string
  /** Debian's name for what it is built on. */
  readonly suite: string
}

/** By version. */
export const RELEASES: Readonly<Record<PveVersion, Release>> = {
  '8.4': {
    release: '8.4',
    version: '8.4.14',
    repoid: 'b502d23c55afcba1',
    kernel: '6.8.12-15-pve',
    kernelBuild: '#1 SMP PREEMPT_DYNAMIC PMX 6.8.12-15 (2025-09-12T11:02Z)',
    suite: 'bookworm',
  },
  '9.1': {
    release: '9.1',
    version: '9.1.9',
    repoid: '5ac30304265fbd8e',
    kernel: '6.17.13-2-pve',
    kernelBuild: '#1 SMP PREEMPT_DYNAMIC PMX 6.17.13-2 (2026-03-13T08:06Z)',
    suite: 'trixie',
  },
  '9.2': {
    release: '9.2',
    version: '9.2.3',
    repoid: '1f2b3c4d5e6f7a8b',
    kernel: '7.0.2-4-pve',
    kernelBuild: '#1 SMP PREEMPT_DYNAMIC PMX 7.0.2-4 (2026-06-02T09:21Z)',
    suite: 'trixie',
  },
}
