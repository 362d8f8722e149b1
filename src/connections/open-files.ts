/** Files that this process may have open at a time (`ulimit -n`); Infinity if the system sets no limit. */
export function openFilesMax(): number {
  // Asking the network for names would take long.
  Object.assign(process.report, { excludeNetwork: true })
  const report: { userLimits?: { open_files?: { soft?: unknown } } } = process.report.getReport()
  const soft = report.userLimits?.open_files?.soft
  return typeof soft === 'number' ? soft : Number.POSITIVE_INFINITY
}
