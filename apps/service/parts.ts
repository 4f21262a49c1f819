import { loadImages, selectComputers, type Computers } from '#computers';
import { openJetStreamStore, type JetStreamStore, type Lease, type RecordedEvent } from '#event-store';
import {
  createVault,
  ensureFolder,
  ensureNodeId,
  openMasterKey,
  openNats,
  type Config,
  type Home,
  type Logger,
  type OpenNats,
  type Shutdown,
  type Vault,
} from '#runtime';
import { ComputersSpace } from './computers-space.js';
import { defaultLimits } from './limit-maxima.js';
import { fencedComputers, refuseForeignOperator, takeOperatorLease } from './operator-lease.js';
import { worksOnSessions, type Role } from './role.js';
import { describeUnreadable } from './tasks/unreadable-events.js';
import { openViews, type ServiceViews } from './views.js';

/** What every role is made of. */
export interface Parts {
  config: Config;
  home: Home;
  logger: Logger;
  /** The computers' place: this home and its driver. */
  node: string;
  /** To work on sessions; undefined for a role that does not. */
  lease: Lease | undefined;
  log: JetStreamStore;
  computers: Computers;
  /** What keeps sessions from working, for whoever asks whether the service is ready. */
  conditions: Record<'computers' | 'operator', string | undefined>;
  space: ComputersSpace;
  /** How much the parts of this process have to do, by name. */
  queues: Record<string, () => number>;
  views: ServiceViews;
  vault: Vault;
  desktop: DesktopDefaults;
}

/** What sessions get that do not say. */
export interface DesktopDefaults {
  /** Null: this service's computers can have no desktop. */
  image: string | null;
  byDefault: boolean;
}

/** Computers and streams get this long to end in an orderly way. */
export const STOP_DEADLINE_MS = 15_000;

/** Opens them, and registers how they are closed again. */
export async function openParts(
  role: Role,
  config: Config,
  home: Home,
  logger: Logger,
  shutdown: Shutdown,
  tell: (notice: string) => void,
): Promise<Parts> {
  const nodeId = await ensureNodeId(home);
  const natsLogger = logger.child({ part: 'nats' });
  const nats = await openNats(config, home, natsLogger, { onProgress: tell, signal: shutdown.begun });
  shutdown.register('nats', () => nats.close());
  const skip = new Set(config.skipEvents);
  const onPoison = ({ sequence, event }: RecordedEvent) =>
    logger.error({ sequence, session: event.subject, ...event.data }, 'an event cannot be read');
  const log = await openJetStreamStore(nats.connection, {
    replicas: config.replicas,
    space: nats.embedded?.disk,
    onPoison,
    skip,
  });
  shutdown.register('log', () => log.close());
  const masterKey = await openMasterKey(home, log.keys);

  const lease = worksOnSessions(role) ? await takeOperatorLease(log.leases, home, nodeId) : undefined;
  if (lease === undefined) await refuseForeignOperator(log.leases, nodeId);
  else shutdown.register('lease', () => lease.release());
  const views = await openViews(
    log.store,
    await ensureFolder(home.views),
    logger.child({ part: 'views' }),
    { name: 'raworc rebuild', ...addressOf(config, nats) },
    skip,
  );
  shutdown.register('views', () => views.views.close());
  tellUnreadable(views, tell);

  const own = await openComputers(config, home, logger, tell, () => haveContainers(views));
  shutdown.register('computers', () => own.dispose(), STOP_DEADLINE_MS);
  const computers = lease === undefined ? own : fencedComputers(own, lease);
  const desktop = await desktopDefaults(config, computers, tell);
  logger.info({ driver: computers.driver, desktops: desktop.byDefault }, 'computers');

  const vault = createVault({ masterKey, keys: log.keys });
  const node = `${nodeId}/${computers.driver === 'docker' ? 'docker' : 'local'}`;
  const conditions = { computers: undefined, operator: undefined };
  const space = new ComputersSpace(computers);
  return {
    config,
    home,
    logger,
    node,
    lease,
    log,
    computers,
    conditions,
    queues: {},
    space,
    views,
    vault,
    desktop,
  };
}

function tellUnreadable({ unreadable }: ServiceViews, tell: (notice: string) => void): void {
  const problem = describeUnreadable(unreadable);
  if (problem !== undefined) tell(`Events on the log cannot be read. ${problem}`);
}

async function openComputers(
  config: Config,
  home: Home,
  logger: Logger,
  tell: (notice: string) => void,
  hasContainers: () => boolean,
): Promise<Computers> {
  const { computers: setting, image, network, runtime } = config;
  return selectComputers({
    setting,
    root: await ensureFolder(home.computers),
    image,
    limits: defaultLimits(config),
    network,
    runtime,
    logger: logger.child({ part: 'computers' }),
    hasContainers,
    onNotice: tell,
  });
}

/** Whether the computer of any session is a container, closed ones included: their files are in its volume. */
function haveContainers({ sessions }: ServiceViews): boolean {
  return sessions.someInContainer();
}

async function desktopDefaults(
  config: Config,
  computers: Computers,
  tell: (notice: string) => void,
): Promise<DesktopDefaults> {
  if (!computers.abilities.desktop) return { image: null, byDefault: false };
  const image = config.desktopImage;
  if (config.desktop === 'off') return { image, byDefault: false };
  const { engineHasImage } = await loadImages();
  const present = await engineHasImage(image);
  if (!present)
    tell(`Sessions have no desktop: the image ${image} is missing. Build it: raworc images build`);
  // Who names an image for sessions means it.
  return { image, byDefault: present && config.sources.image === 'the default' };
}

/** Where another thread finds the same log. */
function addressOf(
  { natsUrl }: Config,
  { embedded }: OpenNats,
): { url: string; user?: string; pass?: string } {
  if (embedded !== undefined) return { url: embedded.url, user: embedded.user, pass: embedded.pass };
  return { url: natsUrl ?? '' };
}
