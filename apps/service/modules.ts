import type { DynamicModule } from '@nestjs/common';
import { CommandsModule, type SessionCounts } from '#commands';
import { systemIds } from '#runtime';
import { HostModule } from '../host/index.js';
import { OperatorModule } from '../operator/index.js';
import { sessionDirectory } from './directory.js';
import { limitMaxima } from './limit-maxima.js';
import type { Parts } from './parts.js';
import type { ServiceViews } from './views.js';

/** The write side, with what sessions get that do not say. */
export function commandsModule({
  config,
  computers,
  desktop,
  log,
  node,
  space,
  vault,
  views,
}: Parts): DynamicModule {
  return CommandsModule.register({
    store: log.store,
    names: log.names,
    attachments: log.attachments,
    vault,
    node,
    ids: systemIds,
    claims: log.claims,
    shortage: () => space.shortage(),
    caps: { open: config.maxOpenSessions, all: config.maxSessions, counts: countsOf(views) },
    defaults: {
      model: config.model,
      timeoutSeconds: config.timeoutSeconds,
      image: null,
      desktopImage: desktop.image,
      images: config.images && [...config.images, config.image, config.desktopImage],
      desktop: desktop.byDefault,
      root: computers.abilities.root,
      limits: computers.abilities.limits,
      maxima: limitMaxima(config),
      networks: computers.abilities.networks,
      runtimes: computers.abilities.runtimes,
      hasModelKey: config.anthropicApiKey !== undefined,
    },
  });
}

function countsOf({ views, sessions }: ServiceViews): SessionCounts {
  return {
    position: () => views.position(),
    open: () => sessions.countOpen(),
    all: () => sessions.countAll(),
  };
}

/** What works on sessions: computers, and Host's turns. */
export function workingModules(parts: Parts): DynamicModule[] {
  const { config, computers, lease, log, logger, node, queues, views } = parts;
  if (lease === undefined) throw new Error('Only a holder of the lease works on sessions.');
  const confirm = () => lease.confirm();
  return [
    OperatorModule.register({
      computers,
      node,
      directory: sessionDirectory(views),
      confirm,
      onOutage: (reason) => {
        parts.conditions.computers = reason;
      },
      snapshotsKept: config.snapshotsKeep,
      onMeasurable: (queued) => {
        queues['operator'] = queued;
      },
      desktopAtStart: config.desktop === 'at-start',
      logger: logger.child({ part: 'operator' }),
    }),
    HostModule.register({
      computers,
      signals: log.signals,
      live: {
        live: () => views.sessions.live().map(({ id }) => id),
        position: () => views.views.position(),
      },
      apiKey: config.anthropicApiKey,
      maxDiskMb: config.maxDiskMb,
      onMeasurable: (queued) => {
        queues['host'] = queued;
      },
      confirm,
      node,
      leases: log.leases,
      holder: lease.holder,
      model: {
        baseUrl: config.anthropicBaseUrl,
        contentMs: config.modelSilenceSeconds * 1_000,
        totalMs: config.modelReplySeconds * 1_000,
      },
      logger: logger.child({ part: 'host' }),
    }),
  ];
}
