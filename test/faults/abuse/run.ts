import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SingleRedis } from '../single-redis.ts'
import type { Abuse, Scale } from './abuse.ts'
import { Scene } from './scene.ts'
import { type Outcome, tryAbuse } from './trial.ts'

/**
 * Tries abuses one after the other, with one store. At full scale each has a node of its own; at the short one those of the
 * same setting share a node, unless it was harmed.
 */
export class AbuseRun {
  readonly #folder: string
  readonly #store: SingleRedis
  readonly #scale: Scale
  readonly #scenes = new Map<string, Scene>()

  private constructor(folder: string, store: SingleRedis, scale: Scale) {
    this.#folder = folder
    this.#store = store
    this.#scale = scale
  }

  static async open(scale: Scale): Promise<AbuseRun> {
    const folder = await mkdtemp(join(tmpdir(), 'wirecopy-abuse-'))
    const run = new AbuseRun(folder, new SingleRedis(folder), scale)
    try {
      await run.#store.start()
    } catch (error) {
      await run.close()
      throw error
    }
    return run
  }

  async try(abuse: Abuse): Promise<Outcome> {
    const { env = {}, openFilesMax } = abuse
    const setting = JSON.stringify([env, openFilesMax])
    const limit = openFilesMax === undefined ? {} : { openFilesMax }
    const scene =
      this.#scenes.get(setting) ?? (await Scene.open({ folder: this.#folder, store: this.#store, env, ...limit }))
    this.#scenes.set(setting, scene)
    let harmed = true
    try {
      const outcome = await tryAbuse(abuse, scene, this.#scale)
      harmed = outcome.broken.length > 0
      return outcome
    } finally {
      if (harmed || abuse.lingers === true || abuse.afterwards !== undefined || this.#scale === 'full') {
        this.#scenes.delete(setting)
        await scene.close()
      }
    }
  }

  async close(): Promise<void> {
    for (const scene of this.#scenes.values()) await scene.close()
    await this.#store.close()
    await rm(this.#folder, { recursive: true, force: true })
  }
}
