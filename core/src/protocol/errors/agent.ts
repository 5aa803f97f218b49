// SPDX-License-Identifier: Apache-2.0
/** Codes of an agent: its state directory, its journal, its audit log. */
import type { ErrorTable } from './entry.ts'

/** Codes by what they say. */
export const AGENT_ERRORS = {
  ERR_AGENT_FILE: {
    meaning: 'The file that says which agent this is, is damaged.',
    remedy: 'Put back a copy of the state directory, or enrol the agent anew.',
  },
  ERR_ALREADY_ENROLLED: {
    meaning: 'The state directory already holds an agent.',
    remedy: 'Start it with `sallyport agent start`, or choose another `--state-dir`.',
  },
  ERR_AUDIT_BROKEN: {
    meaning: 'The audit log was altered; nothing is run on it.',
    remedy: 'Run `sallyport audit verify`, and keep a copy of the state directory.',
  },
  ERR_BINDINGS_FILE: {
    meaning:
      'The bindings of this agent cannot be opened: the file is damaged, or of another agent.',
    remedy: 'Restore the file, or remove it and bind the names anew.',
  },
  ERR_BINDING_FORM: {
    meaning: 'A binding does not have the form of its kind.',
    remedy: 'The message names what is wrong; see `sallyport agent bind --help`.',
  },
  ERR_INTERNAL: {
    meaning: 'A fault of the program that nobody foresaw.',
    remedy: 'Report it with the log; no secret is in it.',
  },
  ERR_NOT_ENROLLED: {
    meaning: 'No agent is enrolled in this state directory.',
    remedy: 'Enrol one: `sallyport agent enrol <code>`.',
  },
  ERR_OUTBOX_MISSING: {
    meaning: 'There is no answer for a delivery that should have one.',
    remedy: 'This is a fault of the agent: report it with its log.',
  },
  ERR_STATE: {
    meaning: 'The folder in which a plugin keeps its state cannot be used.',
    remedy: 'Look at the `plugin-state` folder in the state directory of the agent.',
  },
  ERR_STATE_DIRECTORY: {
    meaning: 'The state directory cannot be used.',
    remedy: 'Look at its path, its rights and the disk.',
  },
  ERR_STATE_LOCKED: {
    meaning: 'Another process holds the state directory.',
    remedy: 'One process for each state directory: stop the other one, or name another directory.',
  },
  ERR_STATE_MODE: {
    meaning: 'Others than its owner may enter the state directory. It is not used.',
    remedy: 'Make it yours alone: `chmod 700`.',
  },
  ERR_STORE_CONFLICT: {
    meaning: 'A job id was taken before, or its run has ended before. It has no second effect.',
    remedy: 'This is a fault of the agent: report it with its log.',
  },
  ERR_STORE_CORRUPT: {
    meaning: 'The database in the state directory is damaged.',
    remedy:
      'Keep a copy of the state directory, then put back an older one or enrol the agent anew.',
  },
  ERR_STORE_FULL: {
    meaning:
      'Too much waits in the state directory: answers that the hub has not taken, or bundles and approvals.',
    remedy:
      'See whether the hub can be reached; the agent takes new jobs as soon as there is room.',
  },
  ERR_STORE_MISSING: {
    meaning: 'There is no database in this state directory.',
    remedy: 'See whether the path is right, and whether an agent was started there.',
  },
  ERR_STORE_NESTED: {
    meaning: 'A transaction was begun inside another one.',
    remedy: 'This is a fault of the program: report it with its log.',
  },
  ERR_STORE_NEWER: {
    meaning: 'The database was written by a newer version of Sallyport.',
    remedy: 'Use that version or a newer one.',
  },
  ERR_STORE_NO_TRANSACTION: {
    meaning: 'Something was written outside a transaction.',
    remedy: 'This is a fault of the program: report it with its log.',
  },
  ERR_STORE_OLDER: {
    meaning:
      'The database was written by an older version of Sallyport, whose tables this one does not read.',
    remedy:
      'Start the agent once: it brings the tables up to date where it can. Otherwise use the version that wrote it.',
  },
  ERR_STORE_OPEN: {
    meaning: 'The database cannot be opened.',
    remedy: 'Look at the rights and the free space of its folder.',
  },
  ERR_STORE_READ: {
    meaning: 'The database cannot be read, so nothing is run.',
    remedy: 'Look at the disk; see `sallyport doctor`.',
  },
  ERR_STORE_WRITE: {
    meaning: 'The database cannot be written, so nothing is run.',
    remedy: 'Free space or mend the folder; see `sallyport doctor`.',
  },
  ERR_TRUST_BROKEN: {
    meaning: 'The trust roots or the policy that are kept here do not follow from the first one.',
    remedy:
      'Keep a copy, find out who could write there, and enrol the agent or set up the operator anew.',
  },
} as const satisfies ErrorTable
