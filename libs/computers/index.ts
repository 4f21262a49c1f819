export * from './computer.js';
export * from './desktop.js';
export { bubblewrapProblem, createLocalComputers, type LocalComputersOptions } from './local/index.js';
export { selectComputers, type SelectComputersOptions } from './select.js';
