import { CodedError } from '../errors.ts'
import { wordsFor } from './reader/words.ts'

/** Says what is wrong and how to go on. */
export interface Message {
  /** One that has fixed texts. */
  readonly language: string
  readonly title: string
  readonly text: string
  /** The same in English and more exactly, for readers of another language. */
  readonly detail?: string
}

export function notFoundMessage(language: string): Message {
  const words = wordsFor(language)
  return { language, title: words.notFound, text: words.notFoundText }
}

/** Coded errors have their texts in English alone. What has no code is a fault of ours. */
export function errorMessage(error: unknown, language: string): Message {
  const words = wordsFor(language)
  const ofOurs = { language, title: words.failed, text: words.failedText }
  if (!(error instanceof CodedError)) return ofOurs
  if (language === 'en') return { language, title: error.toProblem().title, text: error.message }
  return { ...(error.status === 404 ? notFoundMessage(language) : ofOurs), detail: error.message }
}
