import { expect, it } from '@jest/globals';
import { describeWithDocker } from '../testing/computers.js';
import { NETWORK } from './naming.js';

await describeWithDocker('the network of sessions', (fixture) => {
  it('is one, however many make it at once', async () => {
    // Stays where the sessions of another run use it.
    await fixture.docker
      .getNetwork(NETWORK)
      .remove()
      .catch(() => undefined);
    const services = Array.from({ length: 6 }, () => fixture.others({}));
    const ids = services.map((_, n) => `network-${n}-${fixture.home}`);
    await Promise.all(services.map((service, n) => service.create({ sessionId: ids[n] ?? '' })));
    await Promise.all(services.map((service, n) => service.start(ids[n] ?? '')));
    const networks = await fixture.docker.listNetworks({ filters: { name: [NETWORK] } });
    expect(networks.map(({ Name }) => Name)).toEqual([NETWORK]);
  });
});
