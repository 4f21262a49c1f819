export * from './computer.js';
export * from './desktop.js';
export {
  attributesProblem,
  bubblewrapProblem,
  createLocalComputers,
  type LocalComputersOptions,
} from './local/index.js';
export { planComputers, selectComputers, type ComputersPlan, type SelectComputersOptions } from './select.js';
export type { BuildOptions, ImageName, ImageState } from './docker/images/index.js';
export type { Belongings } from './docker/belongings/index.js';
export { loadBelongings, loadImages } from './load-docker.js';
