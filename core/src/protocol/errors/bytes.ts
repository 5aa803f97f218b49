// SPDX-License-Identifier: Apache-2.0
/** Codes of bytes that do not have their exact form. */
import type { ErrorTable } from './entry.ts'

/** Codes by what they say. */
export const BYTES_ERRORS = {
  ERR_AUDIT_ENTRY_FORM: {
    meaning: 'These bytes are not an entry of an audit log.',
    remedy: 'Run `sallyport audit verify`, and keep a copy of the state directory.',
  },
  ERR_AUDIT_EVENT: {
    meaning: 'An event of the agent cannot be written into the audit log.',
    remedy: 'This is a fault of the agent: report it with its log.',
  },
  ERR_AUDIT_FRONTIER: {
    meaning: 'The stored head of the audit log does not fit its size.',
    remedy: 'Run `sallyport audit verify`, and keep a copy of the state directory.',
  },
  ERR_BASE64URL: {
    meaning: 'A text is not canonical base64url.',
    remedy: 'Copy it whole, without padding or white space.',
  },
  ERR_BUNDLE_DIGEST: {
    meaning:
      'A bundle or one of its parts has another digest than was announced: bytes were changed.',
    remedy: 'Build the bundle anew, or fetch it again from where it was built.',
  },
  ERR_BUNDLE_FORM: {
    meaning: 'The file is not a plugin bundle.',
    remedy: 'Build it with `sallyport plugin build`.',
  },
  ERR_CHECKPOINT_FORM: {
    meaning: 'The text is not a checkpoint of an audit log.',
    remedy: 'Copy the checkpoint whole, with its empty line and its signature.',
  },
  ERR_CODE_CHECKSUM: {
    meaning: 'The enrolment code has a typing error. It is not spent.',
    remedy: 'Copy the whole line that `sallyport agent code` printed.',
  },
  ERR_CODE_FORM: {
    meaning: 'The text is not an enrolment code.',
    remedy: 'Copy the whole line that `sallyport agent code` printed.',
  },
  ERR_DOCUMENT_FORM: {
    meaning: 'A document does not have the exact shape of its kind: the details name the member.',
    remedy: 'Use programs of the same version on both sides.',
  },
  ERR_ENVELOPE_FORM: {
    meaning: 'These bytes are not a signed envelope.',
    remedy: 'Use programs of the same version on both sides.',
  },
  ERR_JSON_DUPLICATE_KEY: {
    meaning: 'A JSON object names a member twice.',
    remedy: 'Remove one of the two.',
  },
  ERR_JSON_FORM: {
    meaning:
      'The text is not JSON as it is read here: UTF-8, no second spelling of a number, at most 32 levels.',
    remedy: 'Correct the place that the details name.',
  },
  ERR_JSON_SIZE: {
    meaning: 'The JSON has more bytes or values than its kind may have.',
    remedy: 'Send less.',
  },
  ERR_JSON_VALUE: {
    meaning: 'A value cannot be written as JSON: a function, a number that is not finite, a cycle.',
    remedy: 'Give plain data.',
  },
  ERR_MANIFEST_FORM: {
    meaning: 'The manifest of a plugin does not have its exact shape.',
    remedy: 'Build the bundle with `sallyport plugin build` of the same version.',
  },
  ERR_NOTE_FORM: {
    meaning: 'The text is not a signed note.',
    remedy: 'Copy it whole, with its empty line and its signature.',
  },
  ERR_POLICY_FORM: {
    meaning:
      'The text of a policy is not one: a rule cannot be read, or is too deep to be evaluated.',
    remedy: 'Correct the line that it names; `sallyport policy check <file>` shows it.',
  },
  ERR_PUBLICATION: {
    meaning:
      'The publication of a bundle is not signed by the key it names, or is of another bundle.',
    remedy: 'Have the publisher sign the bundle anew: `sallyport plugin sign <bundle>`.',
  },
  ERR_SEALED_FORM: {
    meaning: 'The text is not sealed in the one form that is accepted here.',
    remedy: 'Use programs of the same version on both sides.',
  },
  ERR_SEGMENT_FORM: {
    meaning:
      'A part of an audit log that the hub keeps for its readers does not have the right form.',
    remedy:
      'The copy at the hub was altered: verify the log of the agent itself with `sallyport audit verify`.',
  },
} as const satisfies ErrorTable
