/**
 * Every bound that a client can run into, each named with its unit. The server enforces them; PROTOCOL.md and the
 * OpenAPI document are told them from here.
 */
export const limits = {
  /** Size of a request's body. Larger: 413 `body-too-large`. */
  requestBytesMax: 1_048_576,
  /** Markdown, HTML or text of one post as sent. */
  bodyCharsMax: 65_536,
  /** HTML of one post as stored. Tags and escapes make it longer than what was sent. */
  bodyHtmlCharsMax: 262_144,
  headlineCharsMax: 300,
  titleCharsMax: 200,
  summaryCharsMax: 2_000,
  nameCharsMax: 200,
  urlCharsMax: 2_000,
  altCharsMax: 1_000,
  captionCharsMax: 1_000,
  /** Text of a correction, reason of a retraction, note of a sensitivity. */
  noteCharsMax: 2_000,
  tagCharsMax: 64,
  authorsMax: 20,
  sourcesMax: 20,
  mediaMax: 20,
  tagsMax: 20,
  correctionsMax: 50,
  pinnedMax: 10,
  /** Posts in a channel. A coverage that outgrows it goes on in a new channel. */
  postsPerChannelMax: 50_000,
  /** Channels in one of the 16 partitions; 4,096 in all where ids spread evenly. */
  channelsPerPartitionMax: 256,
  /** Posts in a snapshot, and the default of a page. */
  pagePostsDefault: 30,
  pagePostsMax: 100,
  /** Log entries that one read walks over; the batch that comes of it may hold fewer changes. */
  batchEntriesMax: 1_000,
  /** Bytes of posts after which a batch or a page ends early. One post always fits. */
  batchBytesMax: 1_048_576,
  idempotencyKeyCharsMax: 128,
  /** How long a write is remembered by its `Idempotency-Key`. */
  idempotencyMs: 86_400_000,
  /** Writes that are remembered for each holder of an API key in each channel; past it the oldest are forgotten. */
  idempotencyRecordsMax: 10_000,
  cursorCharsMax: 64,
  /** Channels that one Socket.IO connection may follow. */
  followedPerConnectionMax: 50,
  /** Events that a Socket.IO connection may send: so many at once, and then so many a second. Past it `too-many-requests`. */
  eventsBurstMax: 60,
  eventsPerSecondMax: 10,
  /**
   * Bytes of answers to `follow` that a Socket.IO connection is sent: so many at once, which is every channel that it may
   * follow at its largest, and then so many a second. Past it `too-many-requests`.
   */
  answerBurstBytesMax: 52_428_800,
  answerPerSecondBytesMax: 262_144,
  /** What may wait in the server for a Socket.IO connection that takes it too slowly, or not at all. Past it, it is closed. */
  waitingBytesMax: 4_194_304,
  /**
   * Messages of any kind, refused ones too, websocket pings, and frames of messages that have not ended, that a Socket.IO
   * connection may send. Past it, it is closed.
   */
  messagesBurstMax: 600,
  messagesPerSecondMax: 20,
  /** Frames into which a client may cut one message. */
  fragmentsPerMessageMax: 128,
} as const
