// SPDX-License-Identifier: Apache-2.0
/** What a plugin's tests import. Bound to no test runner. */
export { contractCases } from './contract.ts'
export type { ContractCase, JobSamples, PlanSample } from './contract.ts'
export type { Fake, FakeCall } from './fake.ts'
export { fakeAsk } from './fake-ask.ts'
export type { FakeAnswers } from './fake-ask.ts'
export { fakeConnect } from './fake-connect.ts'
export type { FakeService } from './fake-connect.ts'
export { fakeEndpoint } from './fake-endpoint.ts'
export type {
  FakeEndpointAnswer,
  FakeEndpointHandler,
  FakeEndpointRequest,
} from './fake-endpoint.ts'
export { fakeFiles } from './fake-files.ts'
export type { FakeFile, FakeTree } from './fake-files.ts'
export { fakeProgram } from './fake-program.ts'
export type { FakeRun } from './fake-program.ts'
export { fakeSecret } from './fake-secret.ts'
export { fakeSsh } from './fake-ssh.ts'
export type { FakeAccount } from './fake-ssh.ts'
export { fakeState } from './fake-state.ts'
export { fakeWriter } from './fake-writer.ts'
export { planJob, runJob } from './run-job.ts'
export type { HandlesOfJob, OutputOfJob, TestOutcome, TestRun } from './run-job.ts'
