// SPDX-License-Identifier: GPL-3.0-or-later
/** Changes settings of guests. */
import { defineJob, endpoint, route } from '@sallyport/sdk'
import { z } from 'zod'
import { planSettings, resumeSettings, runSettings, verifySettings } from '../change-settings.ts'
import type { GuestCheck } from '../change-settings.ts'
import { Changed } from '../guest-change.ts'
import { CONFIG_ROUTES, PENDING_ROUTES } from '../guest-config.ts'
import { GUEST_RESOURCES, GUEST_ROUTES, GuestRef, expectNoTemplate } from '../guest-ref.ts'
import { REMOVABLE, settingFields } from '../guest-settings.ts'
import { GuestName, Tag } from '../names.ts'

const STARTUP = /^(?:order=\d{1,5}(?:,up=\d{1,5})?(?:,down=\d{1,5})?|up=\d{1,5}(?:,down=\d{1,5})?)$/

const Config = GuestRef.extend({
  name: GuestName.optional().describe('the name of the guest; of a container, its host name'),
  description: z.string().max(4_096).optional().describe('notes for people'),
  tags: z.array(Tag).max(32).optional().describe('all tags the guest shall have'),
  cores: z.int().min(1).max(1_024).optional().describe('processors; of a machine, per socket'),
  memoryMiB: z.int().min(16).max(16_777_216).optional().describe('memory'),
  onBoot: z.boolean().optional().describe('whether it starts with its node'),
  startup: z
    .string()
    .regex(STARTUP)
    .optional()
    .describe('order and pauses in seconds, "order=2,up=30,down=60"'),
  protection: z.boolean().optional().describe('whether it and its disks cannot be removed'),
  remove: z
    .array(z.enum(REMOVABLE))
    .max(REMOVABLE.length)
    .optional()
    .describe('settings to take out'),
  template: z.boolean().default(false).describe('say so when the guest is a template'),
}).refine(
  ({ remove = [], ...set }) => remove.every((name) => set[name] === undefined),
  'a setting cannot be given and removed at the same time',
)

/** Changes settings. */
export const guestConfig = defineJob({
  summary: 'Change name, notes, tags, cores, memory, start order or protection of a guest',
  effect: 'change',
  input: Config,
  output: Changed,
  resources: {
    ...GUEST_RESOURCES,
    name: 'name',
    cores: 'cores',
    memoryMiB: 'memoryMiB',
    startup: 'startup',
  },
  policyInputs: ['tags', 'cores', 'memoryMiB', 'onBoot', 'protection', 'template'],
  permissions: {
    pve: endpoint('pve', [
      ...GUEST_ROUTES,
      ...CONFIG_ROUTES,
      ...PENDING_ROUTES,
      ...(['qemu', 'lxc'] as const).map((kind) =>
        route(`PUT /nodes/{node}/${kind}/{vmid}/config`, {
          body: settingFields(kind),
          others: 'forbidden',
        }),
      ),
    ]),
  },
  limits: { perMinute: 30, timeoutMs: 120_000 },
  plan: (context) => planSettings(context, checkOf(context.input)),
  run: (context) => runSettings(context, checkOf(context.input)),
  resume: (context) => resumeSettings(context),
  verify: (context) => verifySettings(context),
})

function checkOf({ template }: z.infer<typeof Config>): GuestCheck {
  return (guest) => {
    if (!template) expectNoTemplate(guest, 'be changed without template=true')
  }
}
