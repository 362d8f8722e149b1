import type { MinutesAgo, Step } from './step.ts'

const desk = { name: 'Harbour desk' }
const editor = { name: 'Night editor' }
const quay = { name: 'Night team', role: 'At the quay' }
const fire = { name: 'Fire service', url: 'https://fire.example/statements' }
const office = { name: 'Harbour office', url: 'https://harbour.example/notices' }
const town = { name: 'Town of Orrowick', url: 'https://orrowick.example/news' }

/** From the fight for the silos to the first ferry. */
export function night(minutesAgo: MinutesAgo): Step[] {
  return [
    {
      do: 'publish',
      post: {
        headline: 'The roof of the east hall has fallen in',
        body: { text: 'It fell inward at once, with a sound that was heard on the hill. The walls stand.' },
        authors: [quay],
        tags: ['warehouse'],
        keyEvent: true,
        breaking: true,
        verification: 'confirmed',
        eventTime: minutesAgo(50),
      },
    },
    {
      do: 'edit',
      name: 'known',
      edit: {
        body: {
          markdown: `- The roof of the east hall of the grain warehouse has fallen in; the silos stand.
- Six engines and two fire boats are there.
- The nine people on shift are safe; nobody is known to be hurt.
- Mill Lane, Quay Street and the foot of Harbour Hill are cleared.
- Why it burns is not known.`,
        },
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'Why grain dust is dangerous',
        body: {
          markdown: `Flour and grain dust burn when they hang in the air. A spark is enough, and one small blast can raise the dust for a larger one. So the crews do three things:

- keep the outer walls of the silos wet,
- open nothing,
- stay out of the line of the hatches.`,
        },
        authors: [editor],
        tags: ['background', 'fire service'],
      },
    },
    {
      do: 'publish',
      name: 'school',
      post: {
        headline: 'About eighty people are at the school',
        body: { text: 'There are beds in the gym, and tea. Dogs are welcome in the yard.' },
        authors: [desk],
        sources: [town],
        tags: ['residents'],
        eventTime: minutesAgo(44),
      },
    },
    {
      do: 'publish',
      post: {
        headline: '"We took the cat and the photographs"',
        body: {
          markdown: `A woman from Mill Lane, at the school:

> They gave us ten minutes. We took the cat and the photographs. The rest is only things.`,
        },
        authors: [quay],
        tags: ['residents', 'voices'],
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'Two firefighters are treated for smoke',
        body: { text: 'Both walked to the ambulance. They are kept at the clinic until the morning.' },
        authors: [desk],
        sources: [fire],
        tags: ['people', 'fire service'],
        verification: 'confirmed',
        sensitivity: 'This post speaks of injuries.',
        eventTime: minutesAgo(40),
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'Is the water safe to drink?',
        body: {
          markdown:
            'Yes, says the town. Pressure is low on Harbour Hill because the hydrants there are in use. See the [notice of the water works](https://water.example/orrowick).',
        },
        authors: [desk],
        sources: [{ name: 'Water works', url: 'https://water.example/orrowick' }],
        tags: ['residents', 'questions'],
        verification: 'confirmed',
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'Whether the alarm rang is disputed',
        body: {
          text: 'The operator says that the alarm of the east hall rang at once. Two people who worked there tonight say that they heard none.',
        },
        authors: [editor],
        sources: [{ name: 'Operator of the warehouse' }, { name: 'Two workers of the late shift' }],
        tags: ['questions', 'warehouse'],
        verification: 'disputed',
      },
    },
    {
      do: 'edit',
      name: 'school',
      edit: {
        headline: 'More than a hundred people are at the school',
        body: { text: 'There are beds in the gym, and tea. Dogs are welcome in the yard. Blankets are needed.' },
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'The wind turns',
        body: { markdown: 'It now blows **from the land**. Smoke and sparks drift out over the water.' },
        authors: [quay],
        tags: ['weather'],
        keyEvent: true,
        eventTime: minutesAgo(34),
      },
    },
    {
      do: 'publish',
      post: {
        body: { text: 'The fire boats have moved to the far side of the basin, out of the smoke.' },
        authors: [quay],
        tags: ['fire service'],
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'Fire is held at the east hall',
        body: {
          markdown: `The officer in command, to reporters at the rails:

> It will burn until the morning, but it burns where it is. It did not cross the rails and it will not.`,
        },
        authors: [quay],
        sources: [fire],
        tags: ['fire service', 'warehouse'],
        keyEvent: true,
        breaking: true,
        verification: 'confirmed',
        eventTime: minutesAgo(30),
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'Harbour Hill may go home',
        body: {
          markdown:
            'Those who live above the church may go back. **Mill Lane and Quay Street stay closed** until the walls have been looked at by daylight.',
        },
        authors: [desk],
        sources: [town],
        tags: ['residents', 'roads'],
        breaking: true,
        verification: 'confirmed',
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'What you asked us',
        body: {
          markdown: `**Can I fetch my car from Quay Street?** Not tonight. The police will say when.

**Does the school open in the morning?** The lower school does. The one on the hill stays a shelter.

**Who takes donations?** Nobody needs any now, says the town.`,
        },
        authors: [editor],
        sources: [town],
        tags: ['questions', 'residents'],
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'The west hall is saved',
        body: { text: 'The machines in it are wet, and that is all.' },
        authors: [desk],
        sources: [{ name: 'Operator of the warehouse' }],
        tags: ['warehouse'],
        verification: 'confirmed',
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'How to look for the cause',
        body: {
          html: '<p>Investigators of the fire service start <em>at first light</em>. They ask for pictures:</p><ul><li>from the quay, between half past eight and nine,</li><li>as they were taken, not cut.</li></ul><p>Send them by the form at <a href="https://fire.example/witness">fire.example/witness</a>.</p>',
        },
        authors: [desk],
        sources: [fire],
        tags: ['questions'],
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'Road bridge is open again',
        authors: [desk],
        sources: [{ name: 'Police' }],
        tags: ['roads', 'transport'],
        verification: 'confirmed',
        eventTime: minutesAgo(16),
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'Ferries sail from the outer pier in the morning',
        body: { markdown: 'The first one leaves at **6:40**. There is no parking at the pier; take the bus.' },
        authors: [desk],
        sources: [office],
        tags: ['transport'],
        verification: 'confirmed',
      },
    },
    {
      do: 'publish',
      post: {
        headline: '"I have never seen the harbour so bright"',
        body: {
          markdown: `A retired pilot, who watched from the mole:

> Fifty years I have come in by night. I have never seen the harbour so bright, and I hope I never do again.`,
        },
        authors: [quay],
        tags: ['voices'],
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'Four engines stay for the night',
        body: { text: 'The others go back. Thermal cameras watch the rubble from both boats.' },
        authors: [desk],
        sources: [fire],
        tags: ['fire service'],
        verification: 'confirmed',
        eventTime: minutesAgo(6),
      },
    },
    {
      do: 'publish',
      post: {
        headline: 'We go on at daylight',
        body: {
          text: 'The night team goes home, and the desk stays awake. What we know stands at the top of this page.',
        },
        authors: [editor],
        tags: ['overview'],
      },
    },
  ]
}
