// SPDX-License-Identifier: Apache-2.0
/** What a hostile hub does to deliveries: another label, other bytes, another agent's envelope, an old one again. */
import type { Delivery } from '@sallyport/core/transport'
import { idOf } from './site.ts'
import { note, type World } from './world.ts'

/** Lets a hub lie about some of what it delivers. Labels it spoils are known to the judge. */
export function tamper(world: World, deliveries: readonly Delivery[]): Delivery[] {
  const { chance, troubles } = world
  return deliveries.flatMap((delivery) =>
    chance.happens(troubles.hubLies) ? chance.pick(LIES)(world, delivery) : [delivery],
  )
}

type Lie = (world: World, delivery: Delivery) => Delivery[]

const LIES: readonly Lie[] = [
  function underNewLabel(world, delivery) {
    return [spoil(world, { ...delivery, envelopeId: idOf(`false ${world.chance.below(4)}`) })]
  },
  function underNewLabelToo(world, delivery) {
    return [
      spoil(world, { ...delivery, envelopeId: idOf(`false ${world.chance.below(4)}`) }),
      delivery,
    ]
  },
  function underLabelOfAnother(world, delivery) {
    const labels = [...world.mailbox.content.keys()]
    return [spoil(world, { ...delivery, envelopeId: world.chance.pick(labels) }), delivery]
  },
  function twice(world, delivery) {
    note(world, 'hub', `delivers ${delivery.envelopeId} twice`)
    return [delivery, delivery]
  },
  function edited(world, delivery) {
    const { sealed } = delivery
    const at = world.chance.pick([0.3, 0.6, 0.9])
    const n = Math.floor(sealed.length * at)
    const other = sealed[n] === 'A' ? 'B' : 'A'
    return [spoil(world, { ...delivery, sealed: sealed.slice(0, n) + other + sealed.slice(n + 1) })]
  },
  function fromElsewhere(world, delivery) {
    const rows = [...world.mailbox.content.values()]
    const { envelopeId, sealed } = world.chance.pick(rows)
    note(world, 'hub', `delivers ${envelopeId} as well`)
    return [delivery, { envelopeId, sealed }]
  },
  function withheld(world, { envelopeId }) {
    note(world, 'hub', `withholds ${envelopeId}`)
    return []
  },
]

/** Why the label and not the bytes: a label has one answer for ever, and this one's is not to its own document now. */
function spoil(world: World, delivery: Delivery): Delivery {
  note(world, 'hub', `lies about ${delivery.envelopeId}`)
  world.judge.spoilt.add(delivery.envelopeId)
  return delivery
}
