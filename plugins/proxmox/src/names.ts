// SPDX-License-Identifier: GPL-3.0-or-later
/** How storages, pools, volumes and guests are called, for the inputs of jobs. */
import { z } from 'zod'

/** Source: pve-common, JSONSchema, format "pve-storage-id". */
export const StorageName = z.string().regex(/^[a-zA-Z][a-zA-Z0-9._-]{0,98}[a-zA-Z0-9]$/)

/** Source: pve-access-control, format "pve-poolid". */
export const PoolName = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+){0,2}$/)

/** The name of a guest, which is also its host name. Source: pve-common, JSONSchema, format "dns-name". */
export const GuestName = z
  .string()
  .max(253)
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/,
  )

/** A volume on a storage: `local:vztmpl/debian-13.tar.zst`. */
export const VolumeId = z
  .string()
  .max(255)
  .regex(/^[a-zA-Z][a-zA-Z0-9._-]*[a-zA-Z0-9]:[A-Za-z0-9][A-Za-z0-9._:+@/-]*$/)
  .refine((text) => !text.split('/').includes('..'), 'it holds ..')

/** An Ethernet address of one machine, not of a group. */
export const MacAddress = z.string().regex(/^[0-9A-Fa-f][02468ACEace](?::[0-9A-Fa-f]{2}){5}$/)

/** A tag, in lower case. Source: pve-common, JSONSchema, format "pve-tag". */
export const Tag = z.string().regex(/^[a-z0-9_][a-z0-9_+.-]{0,63}$/)
