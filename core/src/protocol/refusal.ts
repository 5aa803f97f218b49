// SPDX-License-Identifier: Apache-2.0
/** Why an agent refuses a document. The codes are public: adding one is a minor version, changing one a major. */

/** Each reason with its meaning and the remedy, the single source of the table in `docs/errors.md`. */
export const REFUSALS = {
  unsealable: {
    meaning:
      'The sealed envelope could not be opened: it was altered on the way, or sealed for someone else.',
    remedy:
      'Send the job again; if it repeats, look who can write to the hub, and compare the agent with `sallyport agent list`.',
  },
  malformed: {
    meaning: 'The envelope or its payload does not have the exact form of its document kind.',
    remedy: 'Send it with the `sallyport` command of the same version as the agent.',
  },
  duplicate_key: {
    meaning: 'A JSON object in the signed bytes names a member twice.',
    remedy: 'Remove the second member and sign again.',
  },
  too_large: {
    meaning: 'The document is larger than its kind may be.',
    remedy: 'Send less: a job with its input and plan may have 112 KiB.',
  },
  unsupported_type: {
    meaning: 'The payload type is none that an agent takes.',
    remedy: 'Bring the agent to the version of the command line.',
  },
  unknown_key: {
    meaning: 'No signature is by a key in the trust store of this agent.',
    remedy: 'Sign with an operator key of the site this agent was enrolled in.',
  },
  wrong_role: {
    meaning: 'The signing key is known, but not in the role this document needs.',
    remedy: 'Sign with a key of the right role.',
  },
  bad_signature: {
    meaning: 'The signature does not fit these bytes: they were altered after signing.',
    remedy: 'Send it again from the machine of the operator, and find out who altered it.',
  },
  wrong_audience: {
    meaning: 'The document is signed for another agent or another site.',
    remedy: 'Sign it for this agent.',
  },
  not_a_reader: {
    meaning:
      'The signed document does not name this agent among its readers: it was sealed anew by someone else.',
    remedy: 'Send it again from the machine of the operator, and find out who sealed it.',
  },
  clock_untrusted: {
    meaning: 'The clock of this host stands before a time this agent has already seen.',
    remedy: 'Set the clock (for example by NTP) and send the job again.',
  },
  from_future: {
    meaning: 'The document is not valid yet by the clock of this host.',
    remedy: 'Compare the clocks of operator and host.',
  },
  root_expired: {
    meaning: 'The trust root of this agent has expired, so no key of it counts.',
    remedy: 'Sign its next version: `sallyport trust renew`.',
  },
  stale_version: {
    meaning: 'This agent holds this version or a higher one already, or one between is missing.',
    remedy: 'Bring the agent up to date: `sallyport trust publish`.',
  },
  signatures_missing: {
    meaning: 'Fewer people signed than the trust root asks for with this effect.',
    remedy: 'Have a colleague look and sign: `sallyport job review`, `sallyport job sign`.',
  },
  not_requester: {
    meaning: 'Whoever is named as wanting this is not among the signers.',
    remedy: 'Sign it with the key that it names.',
  },
  policy_missing: {
    meaning: 'This agent holds no policy, so nobody may do anything.',
    remedy: 'Send it one: `sallyport policy publish`.',
  },
  policy_broken: {
    meaning: 'The policy of this agent cannot be evaluated for this job, so nobody may do it.',
    remedy: 'See what is wrong: `sallyport policy check`, `sallyport policy explain <job>`.',
  },
  denied_by_policy: {
    meaning: 'No rule of the policy permits this, or one forbids it.',
    remedy: 'See which rule decided: `sallyport policy explain <job>`.',
  },
  plan_missing: {
    meaning: 'The job destroys, and the signers did not sign what it would do.',
    remedy: 'Plan it first; `sallyport job run` does so unless told otherwise.',
  },
  plan_drifted: {
    meaning: 'The plan no longer holds: the agent looked again and found another state.',
    remedy: 'Look again and sign the new plan.',
  },
  no_plan: {
    meaning: 'The job type cannot say beforehand what it would do.',
    remedy: 'Run it without a plan.',
  },
  not_schedulable: {
    meaning:
      'A job that destroys does not run by itself, or the times of the schedule cannot be read.',
    remedy: 'Sign each such job by itself, or correct the schedule.',
  },
  cancelled: {
    meaning: 'Someone who may has cancelled this job before it began.',
    remedy: 'Ask them why; run the job anew if it is still wanted.',
  },
  isolated: {
    meaning: 'This agent is isolated: it takes no jobs until an operator lifts that.',
    remedy: 'The details say why and since when; then `sallyport incident lift <agent>`.',
  },
  before_epoch: {
    meaning:
      'The job was signed before this agent lost part of its memory, so it may have run already.',
    remedy: 'Find out why its state was set back; sign the job anew if it is still wanted.',
  },
  expired: {
    meaning: 'The validity window has passed.',
    remedy: 'Sign the job again; nothing was done.',
  },
  lifetime: {
    meaning: 'The validity window is longer than this agent accepts.',
    remedy: 'Sign with a window of at most 24 hours.',
  },
  replayed: {
    meaning: 'This job id has been seen before; one job id has at most one effect.',
    remedy: 'Run the job anew, which makes a new id.',
  },
  relabelled: {
    meaning: 'The hub delivered this document under another label than its own id.',
    remedy: 'Nothing was done. Find out why the hub did that; the true label still has its answer.',
  },
  not_approved: {
    meaning: 'No valid approval on this agent names the plugin of this job.',
    remedy: 'Approve it: `sallyport plugin approve <bundle> --agent <name>`.',
  },
  not_published: {
    meaning:
      'The publication inside the approval does not hold: it is of other bytes or by another key than the approval names, or it has expired.',
    remedy: 'Have the publisher sign the bundle anew (`sallyport plugin sign`) and approve that.',
  },
  unknown_publisher: {
    meaning:
      'The trust root names the publishers of this site, and that of the bundle is not among them.',
    remedy: 'If the bundle is meant, add its publisher: `sallyport trust add --role publisher`.',
  },
  permissions_differ: {
    meaning: 'The bundle asks for other permissions than the approval names.',
    remedy: 'Look at the difference and approve the bundle: `sallyport plugin approve`.',
  },
  lower_version: {
    meaning:
      'A higher version of this plugin stands on this agent, and the approval does not say that the lower one is meant.',
    remedy: 'Approve the newer bundle, or approve this one with `--allow-downgrade`.',
  },
  other_publisher: {
    meaning:
      'This agent holds a plugin of this name by another publisher, and the approval does not say that the change is meant.',
    remedy: 'Compare the fingerprints; if the change is meant, approve with `--allow-publisher`.',
  },
  revoked: {
    meaning: 'An operator has revoked the plugin, its bundle or its publisher on this agent.',
    remedy: 'Approve a bundle anew, signed after the revocation.',
  },
  quarantined: {
    meaning: 'The plugin ended badly too often, so this agent has put it aside.',
    remedy: 'See why with `sallyport plugin list`, then `sallyport plugin release <name>`.',
  },
  not_bound: {
    meaning: 'A name in the permissions of this job type stands for nothing on this agent.',
    remedy: 'Bind it on the host: `sallyport agent bind <plugin> <name> …`.',
  },
  binding_locked: {
    meaning:
      'The service behind a name in the permissions showed another certificate than the pinned one, so this agent calls it no more, whatever it shows now.',
    remedy:
      'Find out why the certificate changed and compare its fingerprint on the host; then pin it: `sallyport agent pin --agent <name> --plugin <plugin> --binding <name> --fingerprint <sha256>`.',
  },
  wider_than_asked: {
    meaning:
      'A run asked for a job with a worse effect than its own, or on resources its own job does not name.',
    remedy: 'Sign that job by itself.',
  },
  asked_too_deep: {
    meaning: 'A run asked for a job, which asked for a job, and so on, more often than is allowed.',
    remedy: 'Sign that job by itself; if it repeats, the plugins ask each other in a circle.',
  },
  digest_mismatch: {
    meaning: 'The bundle held for this plugin is not the one that was approved.',
    remedy: 'Approve the bundle again; the agent then fetches it anew.',
  },
  unknown_job_type: {
    meaning: 'The approved plugin has no job type of this name.',
    remedy: 'See `sallyport plugin list` for the job types.',
  },
  bad_input: {
    meaning: 'The input does not fit the schema of the job type.',
    remedy: 'Correct the parameter named in the details.',
  },
  rate_limited: {
    meaning: 'This job type has run as often as its limit allows in the last minute.',
    remedy: 'Wait a minute.',
  },
  sandbox_unavailable: {
    meaning: 'This host cannot wall a plugin in, so none is started.',
    remedy:
      'Install bubblewrap (`apt-get install bubblewrap`); in a container allow nesting too (`pct set <id> --features nesting=1`). See `sallyport doctor`.',
  },
  store_unavailable: {
    meaning: 'The journal or the audit log of this agent cannot be read or written.',
    remedy: 'Free space or mend the state directory; see `sallyport doctor`.',
  },
} as const satisfies Record<string, { meaning: string; remedy: string }>

/** A stable reason code. */
export type RefusalReason = keyof typeof REFUSALS

/** All reason codes. */
export const REFUSAL_REASONS = Object.keys(REFUSALS) as [RefusalReason, ...RefusalReason[]]

/** A refusal as a value. `details` is loggable. */
export interface Refusal {
  readonly reason: RefusalReason
  readonly details: Readonly<Record<string, unknown>>
}
