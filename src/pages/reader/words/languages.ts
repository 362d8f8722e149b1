/** The texts of all languages: for the server alone, since a page's script is handed those of its page. */
import { knowTexts } from '../words.ts'
import { arabic } from './arabic.ts'
import { english } from './english.ts'
import { french } from './french.ts'
import { german } from './german.ts'
import { spanish } from './spanish.ts'
import type { Texts } from './texts.ts'
import { ukrainian } from './ukrainian.ts'

/** To add a language, write a file like these and name it here. */
export const languages: readonly Texts[] = [english, ukrainian, arabic, french, german, spanish]

for (const texts of languages) knowTexts(texts)
