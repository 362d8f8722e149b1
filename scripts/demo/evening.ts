import type { MinutesAgo, Step } from './step.ts'

const desk = { name: 'Harbour desk' }
const quay = { name: 'Night team', role: 'At the quay' }
const fire = { name: 'Fire service', url: 'https://fire.example/statements' }
const office = { name: 'Harbour office', url: 'https://harbour.example/notices' }

/** From the first call to the state of things an hour later. */
export function evening(minutesAgo: MinutesAgo): Step[] {
  return [
    {
      do: 'publish',
      name: 'first',
      post: {
        headline: 'Smoke over the old harbour',
        body: {
          text: 'People in the lower town report thick smoke above the grain quay. We are on our way there.',
        },
        authors: [desk],
        tags: ['warehouse'],
        verification: 'unconfirmed',
        eventTime: minutesAgo(95),
      },
    },
    {
      do: 'publish',
      name: 'alarm',
      post: {
        headline: 'Fire service confirms a blaze in the grain warehouse',
        body: {
          markdown:
            'The fire service says that the **east hall** of the grain warehouse is on fire. Four engines are at the scene and two more are on the way.',
        },
        authors: [desk],
        sources: [fire],
        tags: ['warehouse', 'fire service'],
        keyEvent: true,
        breaking: true,
        verification: 'confirmed',
        eventTime: minutesAgo(90),
      },
    },
    {
      do: 'publish',
      name: 'known',
      post: {
        headline: 'What we know so far',
        body: {
          markdown: `- The fire began in the east hall of the grain warehouse.
- Four engines are there, two more are coming.
- Nobody is known to be hurt.
- Why it burns is not known.`,
        },
        authors: [desk],
        tags: ['overview'],
        keyEvent: true,
      },
    },
    { do: 'pin', name: 'known' },
    {
      do: 'publish',
      post: {
        headline: 'Keep windows shut in the lower town',
        body: {
          markdown: `The town asks everyone between the harbour and the market:

1. Shut windows and doors.
2. Switch off fans that draw air from outside.
3. Leave the emergency line to those who need it.

What to do when you are told to leave is on [the town's page](https://orrowick.example/leaving).`,
        },
        authors: [desk],
        sources: [{ name: 'Town of Orrowick', url: 'https://orrowick.example/leaving' }],
        tags: ['residents'],
        breaking: true,
        verification: 'confirmed',
      },
    },
    {
      do: 'publish',
      post: {
        body: {
          text: 'From Quay Street we see flames above the roof of the east hall.\nThe wind blows from the sea and carries sparks over the rails.',
        },
        authors: [quay],
        tags: ['warehouse'],
        eventTime: minutesAgo(78),
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'Three streets are being cleared',
        body: {
          markdown:
            'Mill Lane, Quay Street and the foot of Harbour Hill are being cleared. Buses wait at the church, the school on the hill is open for the night.',
        },
        authors: [desk],
        sources: [{ name: 'Town of Orrowick' }],
        tags: ['residents', 'roads'],
        keyEvent: true,
        verification: 'confirmed',
        eventTime: minutesAgo(74),
      },
    },
    {
      do: 'publish',
      name: 'boats',
      post: {
        headline: 'Three fire boats reach the quay',
        body: { text: 'They pump from the basin, where the engines can not go.' },
        authors: [quay],
        sources: [fire, office],
        tags: ['fire service'],
        eventTime: minutesAgo(70),
      },
    },
    {
      do: 'publish',
      post: {
        headline: '"The doors were hot to the touch"',
        body: {
          markdown: `A night watchman, who asks us not to name him, told us how he noticed:

> I do my round at a quarter to nine. The doors of the east hall were hot to the touch. I did not open them. I ran.`,
        },
        authors: [quay],
        tags: ['warehouse', 'voices'],
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'Ferries stay in port',
        body: {
          markdown:
            'The harbour office has closed the inner basin. The evening ferry does not sail; tickets are good for [any later one](https://harbour.example/notices).',
        },
        authors: [desk],
        sources: [office],
        tags: ['transport'],
        verification: 'confirmed',
      },
    },
    {
      do: 'publish',
      name: 'second-fire',
      post: {
        headline: 'A second fire is reported at the timber yard',
        body: { text: 'Several readers write of flames behind the timber yard. We are trying to find out.' },
        authors: [desk],
        tags: ['timber yard'],
        breaking: true,
        verification: 'unconfirmed',
      },
    },
    {
      do: 'publish',
      post: {
        body: { markdown: 'The road bridge is closed to cars. **Walkers and cyclists may cross.**' },
        authors: [desk],
        sources: [{ name: 'Police' }],
        tags: ['roads', 'transport'],
        verification: 'confirmed',
      },
    },
    {
      do: 'retract',
      name: 'second-fire',
      reason: 'There is no second fire. What readers saw were the lights of the fire service at the timber yard.',
    },
    {
      do: 'edit',
      name: 'boats',
      edit: {
        headline: 'Two fire boats reach the quay',
        correction: { kind: 'correction', text: 'An earlier version of this post said that three boats had come.' },
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'How the grain quay is built',
        body: {
          markdown: `| Part | Built of | Stores |
| --- | --- | --- |
| East hall | brick, timber roof | sacks, pallets |
| West hall | brick, steel roof | machines |
| Silos | concrete | grain |

Between the east hall and the silos lie twelve metres of open rail.`,
        },
        authors: [desk],
        tags: ['warehouse', 'background'],
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'All who were on shift are accounted for',
        body: { text: 'The operator of the warehouse says that the nine people on the late shift are safe.' },
        authors: [desk],
        sources: [{ name: 'Operator of the warehouse' }, fire],
        tags: ['people'],
        keyEvent: true,
        verification: 'confirmed',
        eventTime: minutesAgo(58),
      },
    },
  ]
}
