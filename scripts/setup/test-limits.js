// Guards against a hang, for all tests: each is many times what a busy machine takes, so that no test passes or fails by them.

/** A test that has not ended by then never will. */
export const testMsMax = 900_000

/** What a test waits for comes sooner or never. Shorter than `testMsMax`, so that the error says what did not come. */
export const waitMsMax = 180_000
