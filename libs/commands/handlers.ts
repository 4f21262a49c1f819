import { ClearMessagesHandler } from './clear-messages/handler.js';
import { CloseSessionHandler } from './close-session/handler.js';
import { CompleteToolHandler } from './complete-tool/handler.js';
import { CompleteTurnHandler } from './complete-turn/handler.js';
import { CreateSessionHandler } from './create-session/handler.js';
import { DeleteSessionHandler } from './delete-session/handler.js';
import { FailTurnHandler } from './fail-turn/handler.js';
import { ForceStateHandler } from './force-state/handler.js';
import { InterruptTurnHandler } from './interrupt-turn/handler.js';
import { PostMessageHandler } from './post-message/handler.js';
import { RecordLateResponseHandler } from './record-late-response/handler.js';
import { RecordResponseHandler } from './record-response/handler.js';
import { RecordRootFilesystemHandler } from './record-root-filesystem/handler.js';
import { RecordSnapshotFailureHandler } from './record-snapshot-failure/handler.js';
import { RecordSnapshotHandler } from './record-snapshot/handler.js';
import { ReleaseControlHandler } from './release-control/handler.js';
import { RemixSessionHandler } from './remix-session/handler.js';
import { ReportComputerDisruptedHandler } from './report-computer-disrupted/handler.js';
import { ReportComputerFailedHandler } from './report-computer-failed/handler.js';
import { ReportComputerStartedHandler } from './report-computer-started/handler.js';
import { RestoreSessionHandler } from './restore-session/handler.js';
import { StartToolHandler } from './start-tool/handler.js';
import { StartTurnHandler } from './start-turn/handler.js';
import { TakeControlHandler } from './take-control/handler.js';
import { UpdateSessionHandler } from './update-session/handler.js';

export const HANDLERS = [
  ClearMessagesHandler,
  CloseSessionHandler,
  CompleteToolHandler,
  CompleteTurnHandler,
  CreateSessionHandler,
  DeleteSessionHandler,
  FailTurnHandler,
  ForceStateHandler,
  InterruptTurnHandler,
  PostMessageHandler,
  RecordLateResponseHandler,
  RecordResponseHandler,
  RecordRootFilesystemHandler,
  RecordSnapshotFailureHandler,
  RecordSnapshotHandler,
  ReleaseControlHandler,
  RemixSessionHandler,
  ReportComputerDisruptedHandler,
  ReportComputerFailedHandler,
  ReportComputerStartedHandler,
  RestoreSessionHandler,
  StartToolHandler,
  StartTurnHandler,
  TakeControlHandler,
  UpdateSessionHandler,
];
