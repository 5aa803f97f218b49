// SPDX-License-Identifier: Apache-2.0
/** The agent as other programs see it: enrolling, starting, and the files of its state directory. */
export { readAgentFile } from './agent-file.ts'
export type { AgentFile } from './agent-file.ts'
export { openAgentAudit } from './audit.ts'
export type { AgentAudit } from './audit.ts'
export { AGENT_DEFAULTS, defaultStateDir, readConfig } from './config.ts'
export type { AgentConfig } from './config.ts'
export { enrolAgent } from './enrol.ts'
export type { EnrolRequest, EnrolledAgent } from './enrol.ts'
export { startAgent } from './start-agent.ts'
export type { RunningAgent } from './start-agent.ts'
export { verifyEnrolment } from './trust.ts'
