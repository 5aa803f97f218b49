// SPDX-License-Identifier: Apache-2.0
/** What an incident's folder says about itself to whoever is given it. */

/** The text. */
export function incidentReadme(about: {
  readonly siteName: string
  readonly days: number
  readonly madeAt: string
  readonly agents: readonly string[]
}): string {
  const { siteName, days, madeAt, agents } = about
  return `# What happened at ${siteName}

Made at ${madeAt}, for the ${days} days before. The entries were opened for whoever made this: treat it as confidential.

| file | what it is |
| --- | --- |
| \`summary.json\` | what to look at first: refusals, denied handles, limits, failed SSH, keys that signed, what was never seen before, and everything that does not fit |
| \`trust/\` | every trust root, and the policy, as they were signed; \`names.json\` says whom the pseudonyms in the roots stand for |
| \`agents/<name>/entries.jsonl\` | the entries of the log of an agent, one JSON object in each line, for reading and searching |
| \`agents/<name>/log.json\` | the same entries as they were signed, with every hash of the log |
| \`agents/<name>/head.txt\` | the head of the log, signed by the agent and by the hub that saw it |
| \`agents/<name>/proofs/<job>.json\` | a proof of one job: who signed what, and how it ended |
| \`sallyport-verify.mjs\` | verifies the last ones, with Node 20 or later and nothing else |

## Verify it

The fingerprint of the first trust root must come from somewhere else than this folder: from a contract, or from two people
of the site. \`sallyport trust show\` prints it.

${agents.map((name) => `    node sallyport-verify.mjs agents/${name}/log.json --root <fingerprint>`).join('\n')}
    node sallyport-verify.mjs agents/<name>/proofs/<job>.json --root <fingerprint>

The first says that each entry is under a head which the agent signed, so that none was changed, left out from between or put
in later. \`--json\` prints the entries that it verified. Entries that whoever made this may not read are there by their hash.
`
}
