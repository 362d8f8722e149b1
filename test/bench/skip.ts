import { compiler, find } from '../../scripts/setup/programs.js'

/** Why what needs a program in C can't be tested here, or false. */
export const skip = lack()

function lack(): string | false {
  if (process.platform !== 'linux') return 'this is not Linux'
  return find(compiler).path === undefined ? 'no C compiler is on this machine' : false
}
