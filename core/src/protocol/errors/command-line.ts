// SPDX-License-Identifier: Apache-2.0
/** Codes of the command line on the operator's machine. */
import type { ErrorTable } from './entry.ts'

/** Codes by what they say. */
export const COMMAND_LINE_ERRORS = {
  ERR_AGENT_DOUBTFUL: {
    meaning: 'What the hub says of an agent does not fit the code this operator made for it.',
    remedy: 'Do not use the agent; enrol it anew and find out who stands between.',
  },
  ERR_AGENT_NAME_TAKEN: {
    meaning: 'There is an agent of this name already.',
    remedy: 'Choose another name.',
  },
  ERR_AGENT_NOT_ENROLLED: {
    meaning: 'The agent has a code but has not used it yet.',
    remedy: 'Run `sallyport agent enrol` on its host.',
  },
  ERR_AGENT_NOT_WAITING: {
    meaning: 'No agent of this name waits to be let in.',
    remedy: 'See `sallyport agent list`.',
  },
  ERR_ALREADY_SUBMITTED: {
    meaning: 'What was to be signed has all its signatures and was given to the agent.',
    remedy: 'See what became of it: `sallyport job show <id>`.',
  },
  ERR_AWAITING: {
    meaning: 'One signature is not enough; it was left for colleagues to look at and sign.',
    remedy: 'They type `sallyport job review <id>`, then `sallyport job sign <id>`.',
  },
  ERR_BUG: {
    meaning: 'The command met a fault of its own.',
    remedy: 'Run it again with `--debug` and report what it prints; no secret is in it.',
  },
  ERR_BUNDLE_UNSIGNED: {
    meaning: 'There is no publication beside the bundle: no publisher answers for it.',
    remedy:
      'Get the `.sig` file from its publisher, or sign it yourself: `sallyport plugin keygen`, then `sallyport plugin sign <bundle>`.',
  },
  ERR_CONFIRMATION_NEEDED: {
    meaning: 'This needs a yes, and there is no terminal to ask on. Nothing was done.',
    remedy: 'Look at what it says, then add `--yes`.',
  },
  ERR_CONTRADICTED: {
    meaning: 'The job says that it is done, and its own second look found otherwise.',
    remedy: 'Look at the host before you rely on the output: `sallyport job show <id>`.',
  },
  ERR_DEV_BINDINGS: {
    meaning: 'The bindings for the development of a plugin are not right. Nothing was run.',
    remedy: 'Correct dev-bindings.json or the flag --bind as the message says.',
  },
  ERR_EXPIRED: {
    meaning: 'The agent did not answer before the job expired.',
    remedy: 'See whether the agent runs: `sallyport agent list`. Then run the job anew.',
  },
  ERR_FILE_EXISTS: {
    meaning: 'A file of this name is there already, and it is not written over.',
    remedy: 'Name another file.',
  },
  ERR_IDENTITY_LINE: {
    meaning: 'The text is not a line of public keys, or a key in it cannot be used.',
    remedy: 'Get the whole line from the person: `sallyport init --join` prints it.',
  },
  ERR_KEY_UNKNOWN: {
    meaning: 'No key of the trust root is meant by this name or fingerprint, or more than one.',
    remedy: 'Name a holder or a fingerprint as `sallyport trust show` prints it.',
  },
  ERR_MAIL_DOUBTFUL: {
    meaning: 'What the hub gave back is not what this operator sent.',
    remedy: 'Do not rely on it; find out who stands between.',
  },
  ERR_MANIFEST_DRIFT: {
    meaning: 'The committed manifest is not the one that the code of the plugin gives.',
    remedy: 'Write it anew, look at the difference, and build again.',
  },
  ERR_NODE_VERSION: {
    meaning: 'The Node at hand is older than 26.',
    remedy: 'Run `npm install`, which brings one into node_modules, or install Node 26.',
  },
  ERR_NOTHING_APPROVED: {
    meaning: 'The agent holds no approved plugin of this name.',
    remedy: 'Approve it, or name the job types it is about.',
  },
  ERR_NOTHING_RECORDED: {
    meaning: 'The tests of the plugin ran no job, so nothing can be learnt from them.',
    remedy:
      'Write tests that call runJob and run under `node --test`, or learn from a run with --job.',
  },
  ERR_NOT_CONFIRMED: {
    meaning: 'The answer to the question was no. Nothing was signed or sent.',
    remedy: 'Nothing; run it again if you change your mind.',
  },
  ERR_NOT_DELIVERED: {
    meaning: 'The agent has not fetched the job yet.',
    remedy:
      'See whether the agent runs: `sallyport agent list`. The job waits at the hub until it expires.',
  },
  ERR_NOT_INSTALLED: {
    meaning: 'The dependencies of this checkout are not installed.',
    remedy: 'Run `npm install`.',
  },
  ERR_NOT_IN_SITE: {
    meaning: 'The keys of this machine are not among the operators of the site.',
    remedy: 'Use the identity that made the site, or choose another `--home`.',
  },
  ERR_NOT_ROOT_HOLDER: {
    meaning: 'The root key on this machine is not one of the trust root that stands.',
    remedy: 'Ask a holder of a root key; `sallyport trust show` names them.',
  },
  ERR_NOT_YOURS: {
    meaning: 'Only whoever wanted it can take it back.',
    remedy: 'Do not sign it, or cancel it: `sallyport job cancel <id> --why <text>`.',
  },
  ERR_NO_ANSWER: {
    meaning: 'The agent has fetched what was sent and not answered yet.',
    remedy: 'Look again later: `sallyport job list`.',
  },
  ERR_NO_LEAD: {
    meaning:
      'No agent of the site leads in this cluster: none is named after one of its nodes that is online.',
    remedy: 'Name the agent that shall report with `--agent`.',
  },
  ERR_NO_OPENSSL: {
    meaning: 'A simulator needs a certificate, and openssl, which makes it, does not run here.',
    remedy: 'Install openssl; on Debian: `apt-get install openssl`.',
  },
  ERR_NO_OPERATOR: {
    meaning: 'This machine has no operator identity yet.',
    remedy: 'Make one: `sallyport init`.',
  },
  ERR_NO_POLICY: {
    meaning:
      'There is no policy on this machine, and an agent without one lets nobody do anything.',
    remedy:
      'Fetch that of the site with `sallyport policy show`, or sign one: `sallyport policy init`.',
  },
  ERR_NO_PUBLISHER: {
    meaning: 'There is no publisher identity here yet.',
    remedy: 'Make one: `sallyport plugin keygen`.',
  },
  ERR_NO_ROOT_KEY: {
    meaning: 'There is no root key on this machine, and what was asked for needs its signature.',
    remedy:
      'Put its file back; with all of it lost, `sallyport trust recover --code <recovery code>`.',
  },
  ERR_NO_SIMULATOR: {
    meaning: 'The package with the simulator is not installed beside the command line.',
    remedy: 'Install it as the message says.',
  },
  ERR_OPERATOR_EXISTS: {
    meaning: 'This machine has an operator identity already. It is not overwritten.',
    remedy: 'Use it, or choose another `--home`.',
  },
  ERR_PARAM: {
    meaning: 'A parameter of the job cannot be used.',
    remedy: 'See `sallyport plugin list` for what the job type takes.',
  },
  ERR_PASSPHRASE_FILE: {
    meaning: 'The passphrase file does not hold one line.',
    remedy: 'Write the passphrase alone on its first line.',
  },
  ERR_PASSPHRASE_NEEDED: {
    meaning: 'The passphrase cannot be asked for, because there is no terminal.',
    remedy: 'Name a file with `--passphrase-file`.',
  },
  ERR_PASSPHRASE_WEAK: {
    meaning: 'The new passphrase is too short, or its repetition differs.',
    remedy: 'Choose a longer one and type it twice.',
  },
  ERR_PLUGIN_CODE: {
    meaning: 'The code of the plugin cannot be bundled, or does not define a plugin.',
    remedy: 'Correct what the message names.',
  },
  ERR_PLUGIN_EXISTS: {
    meaning: 'There is a plugin of this name already. It is not overwritten.',
    remedy: 'Choose another name.',
  },
  ERR_PLUGIN_FOLDER: {
    meaning: 'The folder is not that of a plugin.',
    remedy: 'Name a folder with a package.json and a src/index.ts; `npm run new:plugin` makes one.',
  },
  ERR_PLUGIN_NAME: {
    meaning: 'The name does not fit the grammar of plugin names.',
    remedy: 'Take lower-case letters, digits and hyphens, beginning with a letter.',
  },
  ERR_PLUGIN_NOT_APPROVED: {
    meaning: 'This operator has no approval of the plugin on record for the agent.',
    remedy: 'See `sallyport plugin list`; approve it with `sallyport plugin approve`.',
  },
  ERR_POLICY_CASES: {
    meaning:
      'The file does not hold cases for a policy, or one is about a job type that nobody has approved.',
    remedy: 'See the form in docs/policy.md.',
  },
  ERR_POLICY_EXISTS: {
    meaning: 'There is a file where the policy was to be written.',
    remedy: 'Name another one: `--out <file>`.',
  },
  ERR_POLICY_UNCHANGED: {
    meaning: 'The policy that counts says exactly this already, or none waits for a signature.',
    remedy: 'See it with `sallyport policy show`.',
  },
  ERR_PROGRAM_START: {
    meaning: 'A hub or an agent that the command started did not become ready.',
    remedy: 'See its last words in the message; `sallyport doctor` looks for what is missing.',
  },
  ERR_PROOF: {
    meaning: 'There is no proof of this job to be made from what the hub has.',
    remedy:
      'Wait until the agent has shown its log to the hub, or verify the log: `sallyport audit verify --agent <name>`.',
  },
  ERR_PUBLICATION_EXISTS: {
    meaning: 'The bundle is signed already. Its publication is not overwritten.',
    remedy: 'Look at it with `sallyport plugin inspect`, or sign anew with `--force`.',
  },
  ERR_PUBLISHER_EXISTS: {
    meaning: 'There is a publisher identity here already. It is not overwritten.',
    remedy: 'Use it, or choose another `--home`.',
  },
  ERR_PUBLISHER_KEY: {
    meaning: 'The publisher signs with the key of an operator. One key never speaks in both roles.',
    remedy: 'Sign with keys made by `sallyport plugin keygen`.',
  },
  ERR_PUBLISHER_UNKNOWN: {
    meaning:
      'The text is neither a key nor the fingerprint of a publisher that this operator knows.',
    remedy: 'Give the whole key, as `sallyport plugin inspect --json` shows it.',
  },
  ERR_PVE_ANSWER: {
    meaning: 'What answered is not Proxmox VE, or another version of it than is known.',
    remedy: 'See whether the address is that of the interface, as https://host:8006.',
  },
  ERR_PVE_LOCAL: {
    meaning: 'The command of the Proxmox VE node failed.',
    remedy: 'Run it as root on the node, or reach the node with `--url`.',
  },
  ERR_PVE_LOGIN: {
    meaning: 'The node does not let this account in.',
    remedy: 'See the password and the second factor; the account is written name@realm.',
  },
  ERR_RECORD_FORM: {
    meaning: 'A file that this machine keeps about a site, an agent or a job is damaged.',
    remedy: 'Put back a copy of the file.',
  },
  ERR_RECOVERY_CODE: {
    meaning: 'The text is not a recovery code, has a typing error, or is not one of this site.',
    remedy: 'Type it as it stands on the paper.',
  },
  ERR_RESULT_UNVERIFIED: {
    meaning:
      'An answer came, but it is not one that the agent signed for this job. It is not shown as a result.',
    remedy: 'Find out who stands between; ask the agent for its audit log.',
  },
  ERR_ROOT_CHANGE: {
    meaning:
      'The version of the trust root cannot be made: nobody could follow it up, or nobody sign a job.',
    remedy: 'Add whoever shall take over first, or lower what is asked for.',
  },
  ERR_ROOT_DOUBTFUL: {
    meaning:
      'The hub shows a trust root that does not follow the one you hold. It is not believed.',
    remedy:
      'Compare with the others of the site what each holds (`sallyport trust show`) and find out who stands between.',
  },
  ERR_SCHEDULE_UNKNOWN: {
    meaning: 'No schedule of this name is there.',
    remedy: 'See `sallyport schedule list --all`.',
  },
  ERR_SDK_PACKAGE: {
    meaning: 'The SDK for a new plugin cannot be packed, or the given file is not the packed SDK.',
    remedy: 'Correct what the message names, or give a packed SDK with --sdk.',
  },
  ERR_SIGNATURE_NOT_NEEDED: {
    meaning:
      'Your signature would change nothing: you have signed already, or none of your role is asked for.',
    remedy: 'See who is still needed: `sallyport job review <id>`.',
  },
  ERR_TOKEN_NOT_SEPARATED: {
    meaning: 'The API token has all rights of its account, whatever its own say.',
    remedy: 'Make a token with rights of its own: `sallyport proxmox setup --replace-token`.',
  },
  ERR_TOKEN_OF_ROOT: {
    meaning: 'The Proxmox API token is one of root@pam, which may do everything on every guest.',
    remedy:
      'Make one of an account of its own with `sallyport proxmox setup`, or add `--accept-root-token`.',
  },
  ERR_USAGE: {
    meaning: 'The command line is not right. Nothing was done.',
    remedy: 'Add `--help` to see how it is used.',
  },
  ERR_WITHDRAWN: {
    meaning: 'Whoever wanted it has taken it back.',
    remedy: 'Ask them why.',
  },
} as const satisfies ErrorTable
