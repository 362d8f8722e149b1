import type { Sample } from './sample.ts'

export const german: Sample = {
  language: 'de',
  timeZone: 'Europe/Berlin',
  title: 'Großbrand im alten Hafen: Einsatzkräfte kämpfen die Nacht hindurch um den Getreidespeicher',
  summary:
    'Drei Straßen sind geräumt, die Fähren bleiben im Hafen. Alle Beschäftigten der Spätschicht sind in Sicherheit.',
  known: {
    headline: 'Was wir bisher wissen',
    body: {
      markdown: `- Das Feuer brach gegen 20:45 Uhr in der Osthalle des Getreidespeichers aus.
- Mühlengasse, Kaistraße und der untere Hafenberg sind gesperrt.
- Die Silos stehen, und der Wind weht von der Stadt weg.`,
    },
    keyEvent: true,
  },
  rumour: { headline: 'Zweiter Brand gemeldet', verification: 'unconfirmed' },
  retraction: 'Die Meldung über einen zweiten Brand hat sich nicht bestätigt.',
  table: {
    headline: 'Welche Straßen gesperrt sind und wie lange',
    body: {
      markdown: `| Straße | Ab | Voraussichtlich bis | Umleitung |
| --- | --- | --- | --- |
| Mühlengasse | Kaistraße | offen | Kirchweg |
| Kaistraße | Hafenbecken | offen | für Lastwagen keine |
| Hafenberg | Einmündung Kaistraße | 22:00 Uhr | Kapellenanstieg |`,
    },
    tags: ['Verkehr'],
  },
  boats: {
    headline: 'Zwei Löschboote erreichen den Kai',
    body: {
      markdown:
        'Sie pumpen von der Wasserseite, die für Löschfahrzeuge unerreichbar ist.\n\n> Das Dach ist weg, aber die Silos stehen.',
    },
    sources: [{ name: 'Feuerwehr', url: 'https://fire.example/statements' }, { name: 'Hafenamt' }],
    verification: 'confirmed',
  },
  correction: 'In einer früheren Fassung dieses Beitrags war von drei Booten die Rede.',
  latest: {
    headline: 'Der Wind dreht: Anwohner des Hafenbergs dürfen nach Hause',
    body: {
      markdown:
        'Der Rauch zieht jetzt **aufs Meer hinaus**. Wer oberhalb der Kirche wohnt, darf ab 22 Uhr zurück; Mühlengasse und Kaistraße bleiben gesperrt, bis die Mauern bei Tageslicht geprüft sind.',
    },
    authors: [{ name: 'Hafenredaktion' }],
    tags: ['Anwohner', 'Verkehr'],
    breaking: true,
    keyEvent: true,
  },
}
