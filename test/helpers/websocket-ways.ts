import type { TestContext } from 'node:test'
import { LongPollClient } from './long-poll.ts'
import { maskedFrame, RawConnection, upgradeText } from './raw-connection.ts'

/** The first byte of a text message that is one frame. */
const text = 0x81

type Open = (t: TestContext, server: { readonly url: string }) => Promise<RawConnection>

/** By a websocket from the start, and by one to which a session that began with long polling was upgraded. */
export const websocketWays: Readonly<Record<string, Open>> = {
  'a websocket client': async (t, server) => {
    const connection = await RawConnection.open(t, server.url)
    connection.say(upgradeText(server.url))
    await connection.hears(/40\{"sid"/)
    return connection
  },
  'a client that was upgraded from long polling': async (t, server) => {
    const { sid } = await LongPollClient.connected(server.url)
    const connection = await RawConnection.open(t, server.url)
    connection.say(upgradeText(server.url, `&sid=${sid}`))
    await connection.hears(/\r\n\r\n/)
    connection.say(maskedFrame(text, '2probe'))
    await connection.hears(/3probe/)
    connection.say(maskedFrame(text, '5'))
    return connection
  },
}
