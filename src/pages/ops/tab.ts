import type { Level } from './verdict.ts'

/** What the tab says, so that one in the background tells, too. The words come first: a narrow tab cuts the rest off. */
export const titles: Readonly<Record<Level, string>> = {
  yes: 'Reached | Operations | Wirecopy',
  partly: '(!) Some not reached | Operations | Wirecopy',
  no: '(!!) Not reached | Operations | Wirecopy',
  'not-known': '(?) Not known | Operations | Wirecopy',
}

/** Colour and shape differ, for those who do not tell the colours apart. */
const signs: Readonly<Record<Level, { readonly colour: string; readonly strokes: string }>> = {
  yes: { colour: '#0f6257', strokes: 'M9 17l5 5 10-12' },
  partly: { colour: '#8a5a00', strokes: 'M16 7v11M16 24v1' },
  no: { colour: '#b3261e', strokes: 'M10 10l12 12M22 10L10 22' },
  'not-known': { colour: '#565d64', strokes: 'M11 12a5 5 0 1 1 7 5c-1.5.7-2 1.6-2 3M16 25v.5' },
}

/** The tab's icon, as a `data:` address, which the pages' policy allows for pictures. */
export function iconOf(level: Level): string {
  const { colour, strokes } = signs[level]
  const round = level === 'yes' || level === 'not-known' ? 16 : 5
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="${round}" fill="${colour}"/>` +
    `<path d="${strokes}" fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"/></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}
