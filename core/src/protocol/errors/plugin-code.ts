// SPDX-License-Identifier: Apache-2.0
/** Codes that the code of a plugin meets: in its handles, in the form of what it gives back, in its tests. */
import type { ErrorTable } from './entry.ts'

/** Codes by what they say. */
export const PLUGIN_CODE_ERRORS = {
  ERR_ARGUMENT_FORM: {
    meaning: 'A handle was called with arguments of another form than its method takes.',
    remedy: 'Correct the call in the plugin.',
  },
  ERR_ASK_FAILED: {
    meaning: 'The job that a run asked for ran and failed.',
    remedy: 'See its failure in the audit log of the agent; it is recorded under the asking job.',
  },
  ERR_ASK_REFUSED: {
    meaning: 'The job that a run asked for was refused at admission.',
    remedy: 'The message names the reason; approve what is missing, or sign that job by itself.',
  },
  ERR_CONNECT_FAILED: {
    meaning: 'The bound address did not take the connection, or was not the host it must be.',
    remedy:
      'See whether the service runs, and look at the binding on the host: `sallyport agent bindings`.',
  },
  ERR_CONTRACT: {
    meaning: 'A plugin does not keep the contract that every plugin keeps.',
    remedy: 'Correct what the message names; the plugin guide explains each rule.',
  },
  ERR_ENDPOINT_ANSWER: {
    meaning:
      'The answer of the bound service was dropped: it was no well-formed HTTP, compressed without being asked, or repeated the credential.',
    remedy: 'Look at the service behind the binding; what the message names is its doing.',
  },
  ERR_ENDPOINT_STATUS: {
    meaning: 'The bound service answered with a status other than success.',
    remedy: 'Look at the status and at what the service says in the details.',
  },
  ERR_ENDPOINT_UNREACHABLE: {
    meaning: 'The bound service could not be reached, or cut the connection.',
    remedy:
      'See whether the service runs, and look at the binding on the host: `sallyport agent bindings`.',
  },
  ERR_ENDPOINT_UNTRUSTED: {
    meaning:
      'The bound service showed another certificate than the pinned one. Nothing was sent to it.',
    remedy:
      'Find out why the certificate changed, then pin the right one: `sallyport agent pin`; or bind the name anew on the host.',
  },
  ERR_FILE_NOT_FOUND: {
    meaning: 'There is no file at this path on the host.',
    remedy:
      'Nothing, where the plugin expects it; otherwise see whether the host has this hardware or program.',
  },
  ERR_FILE_READ: {
    meaning:
      'The file exists but cannot be read: it is a folder, a device, or not readable for the agent.',
    remedy: 'Look at its kind and its rights on the host.',
  },
  ERR_FILE_WRITE: {
    meaning: 'The file cannot be written.',
    remedy: 'Look at the folder and its rights on the host.',
  },
  ERR_HANDLE_DENIED: {
    meaning: 'The plugin asked for something outside its approved permission. It was not done.',
    remedy:
      'If the plugin needs it, its author widens the permission and the operator approves the new version.',
  },
  ERR_HANDLE_FAILED: {
    meaning: 'A handle failed inside the agent; the plugin learns no more than that.',
    remedy: 'Search the log of the agent for the job id.',
  },
  ERR_HANDLE_MISSING: {
    meaning:
      'The job uses a handle that was not given: by a test, or because its permission is not declared.',
    remedy: 'Declare the permission in the job type, and give a fake for it in the test.',
  },
  ERR_INPUT_FORM: {
    meaning: 'The input does not fit the schema of the job type as the plugin itself reads it.',
    remedy:
      'Correct the parameter; if admission let it pass, report it to the author of the plugin.',
  },
  ERR_JOB_THREW: {
    meaning: 'The job ended with an error that has no code of its own.',
    remedy: 'Report the message to the author of the plugin.',
  },
  ERR_JOB_UNKNOWN: {
    meaning: 'The plugin has no job type of this name.',
    remedy: 'See `sallyport plugin list` for the job types.',
  },
  ERR_LIMIT: {
    meaning:
      'A file, an answer, an output or the stored state is larger than its limit, or too many connections are open.',
    remedy: 'Ask for less; a larger limit is part of the permission and needs a new approval.',
  },
  ERR_NOT_BOUND: {
    meaning: 'A name in a permission stands for nothing of its kind on this agent.',
    remedy: 'Bind it on the host: `sallyport agent bind <plugin> <name> …`.',
  },
  ERR_OUTPUT_FORM: {
    meaning: 'What the job gave back is not JSON or does not fit its output schema.',
    remedy: 'Report it to the author of the plugin.',
  },
  ERR_OUTPUT_LIMIT: {
    meaning: 'What the job gave back or printed is larger than its limit.',
    remedy: 'Ask for less, or have the author raise `maxOutputBytes`.',
  },
  ERR_PLAN_FORM: {
    meaning: 'What the plan step gave back is not changes and state, or more than can be signed.',
    remedy: 'Report it to the author of the plugin.',
  },
  ERR_PROGRAM_NOT_FOUND: {
    meaning: 'The approved program is not installed at its approved path.',
    remedy: 'Install it on the host.',
  },
  ERR_RUN_OVER: {
    meaning: 'A handle was used after the run had ended.',
    remedy: 'The plugin must await all its calls before it returns.',
  },
} as const satisfies ErrorTable
