import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { selectComputers } from '#computers';
import { DESKTOP_IMAGE, describeWithDocker } from '../../test/support/needs.js';
import { docker, removeComputers } from './testing/containers.js';
import { createWorld, startService, type Service, type World } from './testing/service.js';
import { createSession, eventsOf, until, untilEvent, untilIdle } from './testing/session.js';

const SCREENS = 'ps -C Xvfb,Xtigervnc,Xvnc -o comm=';

describeWithDocker(
  'A session in a container with a desktop',
  () => {
    let world: World;
    let service: Service;
    beforeEach(async () => {
      world = await createWorld();
      const computers = await selectComputers({ setting: 'docker', root: world.root });
      service = await startService(world, { computers, desktopAtStart: true });
    });
    afterEach(async () => {
      await service.stop();
      await removeComputers(world.root);
      await world.remove();
    });

    const screens = async (id: string) => docker('exec', `raworc_session_${id}`, 'sh', '-c', SCREENS);

    it('has its screen when it starts, and again when somebody killed it', async () => {
      const id = await createSession(service, { desktop: true });
      await untilIdle(world, id);
      expect(await screens(id)).not.toBe('');
      await docker('kill', `raworc_session_${id}`);
      await untilEvent(world, id, 'computer.started', 2);
      expect(await screens(id)).not.toBe('');
    });

    it('does not start without one', async () => {
      const id = await createSession(service, { desktop: true, image: 'raworc/session:latest' });
      const { error } = await until(world, id, ({ status }) => status === 'closed');
      expect(error).toContain('desktop');
      expect(await eventsOf(world, id, 'computer.started')).toEqual([]);
    });
  },
  DESKTOP_IMAGE,
);
