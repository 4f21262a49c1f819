// Loaded when they are needed, because the engine's client is not small.

/** What is done with images. */
export const loadImages = () => import('./docker/images/index.js');

/** What an engine has of a home. */
export const loadBelongings = () => import('./docker/belongings/index.js');
