export * from './computer.js';
export { createLocalComputers, type LocalComputersOptions } from './local/index.js';
export { selectComputers, type SelectComputersOptions } from './select.js';
