import type { Sample } from './sample.ts'

export const english: Sample = {
  language: 'en',
  timeZone: 'Europe/London',
  title: 'Fire at the old harbour: crews work through the night to save the grain quay',
  summary:
    'Three streets have been cleared and ferries stay in port. Everyone who was on shift has been accounted for.',
  known: {
    headline: 'What we know so far',
    body: {
      markdown: `- The fire began in the east hall of the grain warehouse at about 20:45.
- Mill Lane, Quay Street and the foot of Harbour Hill are closed.
- The silos stand, and the wind has turned away from the town.`,
    },
    keyEvent: true,
  },
  rumour: { headline: 'A second fire is reported', verification: 'unconfirmed' },
  retraction: 'The report of a second fire could not be confirmed.',
  table: {
    headline: 'Which roads are closed, and until when',
    body: {
      markdown: `| Road | From | Until | Way round |
| --- | --- | --- | --- |
| Mill Lane | Quay Street | not known | Church Road |
| Quay Street | the basin | not known | none for lorries |
| Harbour Hill | the foot | 22:00 | Chapel Rise |`,
    },
    tags: ['roads'],
  },
  boats: {
    headline: 'Two fire boats reach the quay',
    body: {
      markdown:
        'They pump from the basin side, where the engines can not go.\n\n> The roof is gone, but the silos stand.',
    },
    sources: [{ name: 'Fire service', url: 'https://fire.example/statements' }, { name: 'Harbour office' }],
    verification: 'confirmed',
  },
  correction: 'An earlier version of this post said that three boats had come.',
  latest: {
    headline: 'The wind turns: residents of Harbour Hill may go home',
    body: {
      markdown:
        'The smoke now drifts **out to sea**. Those who live above the church may go back from ten; Mill Lane and Quay Street stay closed until the walls have been looked at by daylight.',
    },
    authors: [{ name: 'Harbour desk' }],
    tags: ['residents', 'roads'],
    breaking: true,
    keyEvent: true,
  },
}
