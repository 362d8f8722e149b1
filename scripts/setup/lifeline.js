// Loaded before a program that `launch.js` runs. The channel between the two breaks when the launcher dies, however it
// dies, and then the program ends as by SIGTERM: nothing of ours runs on unseen.
if (process.channel !== undefined) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel.unref()
}
