import { ComputerError } from './computer.js';

export function noDesktop(sessionId: string): ComputerError {
  return new ComputerError('no_desktop', `The computer of session ${sessionId} has no desktop.`);
}
