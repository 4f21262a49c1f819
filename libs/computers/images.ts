/** What is done with images; loaded when it is needed, because the engine's client is not small. */
export const loadImages = () => import('./docker/images/index.js');
