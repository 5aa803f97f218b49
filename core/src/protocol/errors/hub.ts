// SPDX-License-Identifier: Apache-2.0
/** Codes of the hub, and of the way to it. */
import type { ErrorTable } from './entry.ts'

/** Codes by what they say. */
export const HUB_ERRORS = {
  ERR_AGENT_EXISTS: {
    meaning: 'This agent is enrolled already; its keys are not replaced.',
    remedy: 'Make a code for a new agent: `sallyport agent code <name>`.',
  },
  ERR_AGENT_REVOKED: {
    meaning: 'An operator has sent this agent away; the hub serves it no more.',
    remedy:
      'If the host shall come back, enrol it anew: `sallyport agent code <name>`, and on the host `sallyport agent enrol <code> --anew`.',
  },
  ERR_AGENT_STANDING: {
    meaning:
      'The agent does not stand as the request needs it: it does not wait with this key, or was sent away.',
    remedy: 'See `sallyport agent list`.',
  },
  ERR_AGENT_TWINS: {
    meaning:
      'Two programs ran with the identity of one agent, so the hub serves neither: its state directory was copied.',
    remedy:
      'Stop one of them and remove its state directory, then `sallyport agent release <name>`; or enrol one anew.',
  },
  ERR_AGENT_UNKNOWN: {
    meaning: 'There is no agent of this name or id in this site.',
    remedy: 'See `sallyport agent list`.',
  },
  ERR_ALREADY_ANSWERED: {
    meaning: 'The envelope has another answer already; the first one stands.',
    remedy: 'Nothing; the agent takes it as delivered.',
  },
  ERR_AUDIT_BEHIND: {
    meaning:
      'The head that the agent shows does not begin where the one that the hub witnessed last ends.',
    remedy: 'Nothing; the agent asks which head is held and goes on from there.',
  },
  ERR_AUDIT_FORK: {
    meaning:
      'The agent shows a head that cannot be of the same log as the one that the hub witnessed last.',
    remedy:
      'Find out whether the state directory of the agent was copied or put back; two logs are signed with its key. The hub keeps both heads.',
  },
  ERR_AUDIT_GAP: {
    meaning: 'The segment of an audit log does not follow the one that the hub stored last.',
    remedy: 'Nothing; the agent sends the entries between first.',
  },
  ERR_AUDIT_HEAD: {
    meaning:
      "What was shown is no head of this agent's log: it has no form, or its signature does not hold.",
    remedy:
      'Use programs of the same version on both sides; if it repeats, look at the state directory of the agent.',
  },
  ERR_AUDIT_QUOTA: {
    meaning: 'The hub stores as many entries of this log as it may.',
    remedy: 'Enrol the agent anew; its log begins again, and the old one stays readable.',
  },
  ERR_AUDIT_SEGMENT: {
    meaning: 'The entries do not fit what the hub stored or witnessed of this log.',
    remedy: 'Run `sallyport audit verify` on the agent, and keep a copy of its state directory.',
  },
  ERR_BODY_SIZE: {
    meaning: 'The request is larger than its route takes.',
    remedy: 'Send less; a job and its input may have 64 KiB.',
  },
  ERR_BUNDLE_QUOTA: {
    meaning: 'The site has as many bundles on the hub as it may have.',
    remedy: 'Raise the limit of the hub, or remove bundles that no agent needs.',
  },
  ERR_BUNDLE_UNKNOWN: {
    meaning: 'The hub holds no bundle with this digest.',
    remedy: 'Approve the bundle again; that stores it on the hub.',
  },
  ERR_BUSY: {
    meaning:
      'As many bytes as the hub holds at once are on their way to it or from it, or more come at once than it can serve in time.',
    remedy:
      'Try again after the time in `Retry-After`, as agents do; if it repeats, look for peers that are slow, and at the load of the machine of the hub.',
  },
  ERR_CODE_CONFLICT: {
    meaning: 'This enrolment code was added before with other contents.',
    remedy: 'Make a new one: `sallyport agent code <name>`.',
  },
  ERR_CODE_LIFETIME: {
    meaning: 'An enrolment code must end after now and within seven days.',
    remedy: 'Choose a shorter time, and compare the clocks of operator and hub.',
  },
  ERR_CODE_REFUSED: {
    meaning: 'The hub does not know the enrolment code, or it has expired or been used.',
    remedy: 'Make a new one: `sallyport agent code <name>`.',
  },
  ERR_CONFIRM_CODE: {
    meaning: 'This is not the code of the last restore of the hub, or not that of this site.',
    remedy: 'Ask whoever restored the hub for the code that `sallyport hub restore` printed.',
  },
  ERR_CONFIRM_CODE_FORM: {
    meaning: 'This is no code of a restored hub, or it has a typing error.',
    remedy: 'Type it as `sallyport hub restore` printed it: SC1 and six groups of four.',
  },
  ERR_CURSOR: {
    meaning: 'The cursor of a list is not one that this hub gave out.',
    remedy: 'Begin the list anew.',
  },
  ERR_DEADLINE: {
    meaning: 'The hub did not get to the request in time.',
    remedy: 'Try again; if it repeats, look at the load of the machine of the hub.',
  },
  ERR_DPOP_NONCE: {
    meaning:
      'The proof of the request has no nonce of this hub, or an old one; the answer brings a new one.',
    remedy: 'Nothing; the program tries once more by itself.',
  },
  ERR_DPOP_PROOF: {
    meaning:
      'The request is not proven by the key of its session: the proof is missing, is for another request, or was used before.',
    remedy:
      'See that nothing between the program and the hub changes method, address or headers; the address must be one of `--public-url`.',
  },
  ERR_DRAINING: {
    meaning: 'The hub is about to stop and takes nothing new.',
    remedy: 'Try again when it runs.',
  },
  ERR_ENROLMENT_WAITING: {
    meaning:
      'The code was taken, and an operator has to let the agent in before it gets its enrolment.',
    remedy: 'On the machine of the operator: `sallyport agent confirm <name>`.',
  },
  ERR_ENVELOPE_CONFLICT: {
    meaning: 'The envelope id is taken by other bytes.',
    remedy: 'Run the job anew, which makes a new id.',
  },
  ERR_ENVELOPE_EXPIRED: {
    meaning: 'The envelope had expired when it reached the hub.',
    remedy: 'Sign it again, and compare the clocks of operator and hub.',
  },
  ERR_ENVELOPE_UNKNOWN: {
    meaning: 'There is no such envelope in this site.',
    remedy: 'See `sallyport job list`.',
  },
  ERR_EPOCH_UNCONFIRMED: {
    meaning:
      'The hub was restored from a backup, and no operator of the site has confirmed it yet.',
    remedy:
      'Run `sallyport hub confirm <code>` with the code that `sallyport hub restore` printed; agents then go on by themselves.',
  },
  ERR_HEADERS_SIZE: {
    meaning: 'The headers of the request are too large.',
    remedy: 'See what stands between the program and the hub.',
  },
  ERR_HTTP: {
    meaning: 'This is not an HTTP request that the hub takes.',
    remedy: 'See what stands between the program and the hub.',
  },
  ERR_HUB_ADDRESS: {
    meaning:
      'The address of the hub cannot be used: it is no http or https address, or has parts it may not have.',
    remedy: 'Give it as `https://hub.example:8443`.',
  },
  ERR_HUB_ANSWER_FORM: {
    meaning: 'The answer of the hub does not have the form of the contract.',
    remedy: 'Use programs of the same version on both sides, and see what stands between.',
  },
  ERR_HUB_ANSWER_SIZE: {
    meaning: 'The answer of the hub is larger than the contract allows.',
    remedy: 'Use programs of the same version on both sides, and see what stands between.',
  },
  ERR_HUB_BACKUP: {
    meaning: 'The file is no backup of a hub, or not a whole one.',
    remedy: 'Take another backup; one that was copied should have the size that `hub backup` said.',
  },
  ERR_HUB_DATABASE: {
    meaning: 'The database of the hub cannot be opened.',
    remedy: 'Look at the rights and the free space of its folder.',
  },
  ERR_HUB_NOT_EMPTY: {
    meaning: 'The database serves a site already; a backup goes into an empty one.',
    remedy:
      'Name an empty folder with `--data-dir`, or an empty database with `--database`; move the old folder away, do not delete it.',
  },
  ERR_HUB_REFUSED: {
    meaning: 'The hub said no; the details have its own code.',
    remedy: 'Look up that code here, and the correlation id in the log of the hub.',
  },
  ERR_HUB_SCHEMA_NEWER: {
    meaning: 'A newer version of the hub made or changed this database or backup.',
    remedy:
      'Use that version or a later one. To go back, restore a backup of the older version: `sallyport hub restore`.',
  },
  ERR_HUB_TIMEOUT: {
    meaning: 'The hub did not answer in time.',
    remedy: 'See whether the hub runs and can be reached: `sallyport doctor`.',
  },
  ERR_HUB_UNREACHABLE: {
    meaning: 'The hub cannot be reached.',
    remedy: 'See whether the hub runs and whether its address is right: `sallyport doctor`.',
  },
  ERR_LIMITS_FILE: {
    meaning: 'The file of limits cannot be read, or names a limit or a value that there is not.',
    remedy: 'See the table of limits in docs/operations.md.',
  },
  ERR_LOCKED_OUT: {
    meaning:
      'Too many invalid attempts came from this address or were made with this key; the next is looked at after the time in `Retry-After`.',
    remedy:
      'Wait. See `sallyport hub status` for what was counted, and look for the program that makes these attempts.',
  },
  ERR_MEDIA_TYPE: {
    meaning: 'The request has a body of another kind than its route takes.',
    remedy: 'Use programs of the same version on both sides.',
  },
  ERR_NOT_READY: {
    meaning: 'A part without which the hub cannot work is away; the log of the hub names it.',
    remedy:
      'Look at that part: the database, or Redis where the hub was started with it. The hub goes on by itself when it is back.',
  },
  ERR_NO_SITE: {
    meaning: 'The hub serves no site: no file names one, and none is left from an earlier start.',
    remedy: 'Make one with `sallyport init`, or name a site file with `--site`.',
  },
  ERR_OPERATOR_KEY: {
    meaning: 'A key of this site is in use elsewhere on this hub.',
    remedy: 'Make a new identity for this site.',
  },
  ERR_PORT_TAKEN: {
    meaning: 'Another program listens where the hub was told to.',
    remedy: 'Stop it if it is another hub, or choose another port with `--port`.',
  },
  ERR_POSSESSION: {
    meaning: 'The signature does not prove that the agent holds the key it announces.',
    remedy: 'Enrol again; if it repeats, find out who stands between.',
  },
  ERR_POSTING_CONFLICT: {
    meaning: 'The id of the posting is taken by other bytes.',
    remedy: 'Post it anew, which makes a new id.',
  },
  ERR_POSTING_LIFETIME: {
    meaning: 'A posting must end after now and within 400 days.',
    remedy: 'Compare the clocks of this machine and of the hub.',
  },
  ERR_POSTING_QUOTA: {
    meaning: 'Too many postings of this site, or of this key, lie at the hub already.',
    remedy: 'Wait until some have ended; sign or withdraw what waits: `sallyport job review`.',
  },
  ERR_PUBLIC_URL: {
    meaning: 'A hub that listens on every interface does not know its own address.',
    remedy: 'Name it with `--public-url`.',
  },
  ERR_QUARANTINED: {
    meaning:
      'This key made so many invalid attempts again and again that it is out until an operator lifts it.',
    remedy:
      'Find out what its holder does; then `sallyport hub lift <key>`, or take the key out for good.',
  },
  ERR_QUEUE_FULL: {
    meaning: 'Too many envelopes of this site wait for an answer already.',
    remedy: 'Wait for answers, and see whether the agents run: `sallyport agent list`.',
  },
  ERR_RATE_LIMITED: {
    meaning: 'More requests than the hub takes within a minute came from this address or key.',
    remedy:
      'Wait for the time in `Retry-After`; if the load is right, raise the limit: `sallyport hub start --limits`.',
  },
  ERR_REDIS_FLUSHED: {
    meaning:
      'The Redis of the hub has lost what it knew; nothing that hangs on it counts any more.',
    remedy: 'Nothing; each client is asked for one more proof.',
  },
  ERR_REDIS_UNFIT: {
    meaning: 'This Redis might forget what it is told; the hub goes on without it.',
    remedy:
      'Give the hub a primary with `maxmemory-policy noeviction`; the log says what is wrong with this one.',
  },
  ERR_REQUEST_FORM: {
    meaning:
      'The request does not have the form of the contract; the log of the hub names the member at level debug.',
    remedy: 'Use programs of the same version on both sides.',
  },
  ERR_REQUEST_TIMEOUT: {
    meaning: 'The request did not reach the hub whole and in time.',
    remedy: 'Try again; look at the network.',
  },
  ERR_ROLE: {
    meaning: 'The session is not one of the role that this route is for.',
    remedy: 'Use the program that the route is for.',
  },
  ERR_ROOT_CONFLICT: {
    meaning: 'The hub holds another trust root of this version.',
    remedy: 'Take the newest root of the site from the hub, and sign the version after it.',
  },
  ERR_ROOT_REFUSED: {
    meaning:
      'The hub does not take the trust root: it does not follow the newest one, or too few of its holders signed.',
    remedy:
      'See `sallyport trust show`, and let enough holders of root keys sign the version after it.',
  },
  ERR_ROUTE_UNKNOWN: {
    meaning: 'The hub has no such route.',
    remedy:
      'Use programs of the same version on both sides, and see whether the address of the hub has a path.',
  },
  ERR_SESSION: {
    meaning: 'There is no live session: it has ended, or it never began.',
    remedy: 'Nothing; programs open a new one by themselves. If it repeats, compare the clocks.',
  },
  ERR_SESSION_PROOF: {
    meaning: 'The proof of a session does not hold: unknown key, spent challenge or bad signature.',
    remedy: 'Try again; if it repeats, compare the site file of the hub with your identity.',
  },
  ERR_SITE_FILE: {
    meaning: 'The file is not a site file.',
    remedy: 'Take `operator/site.json` of the operator.',
  },
  ERR_STORE_AWAY: {
    meaning:
      'The store that knows what was used already is away; without it nothing counts as unused.',
    remedy:
      'Look at Redis, where the hub was started with it, else at its database; then try again.',
  },
  ERR_TLS_FILES: {
    meaning: 'The certificate and the key of the hub cannot be used; the message says why.',
    remedy:
      'Give `--tls-cert` the whole chain and `--tls-key` its key, both PEM. Compare them: `openssl x509 -in <cert> -noout -pubkey` and `openssl pkey -in <key> -pubout`.',
  },
  ERR_TOO_MANY_WAITS: {
    meaning: 'Too many requests of this person wait already.',
    remedy: 'End some of the waiting commands.',
  },
} as const satisfies ErrorTable
