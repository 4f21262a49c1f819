export { computerStarted, createdData, eventMaker, responded, type Dice } from './events.js';
export { afterErasure, appendAll, HistoryWriter, randomHistory } from './history.js';
export { openTestView, type TestView } from './view.js';
export { sourceWorker } from './worker.js';
export { projection as counter } from './counter.js';
