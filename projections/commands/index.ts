export { projection as commandsProjection } from './project.js';
export { CommandQueries, type CommandRecord } from './queries.js';
