/** First words of friendly names: short, kind, and hard to misread. */
export const ADJECTIVES: readonly string[] = `
  amber ancient autumn azure blithe bold brave bright brisk calm candid careful cheerful clear
  clever cosmic crimson curious daring dapper deft eager earnest easy fair fancy fearless fleet
  fluent fond gentle giddy gleaming golden graceful happy hardy honest humble jolly keen kind
  lively loyal lucid lucky mellow merry mild misty modest nimble noble patient placid polite proud
  quick quiet rapid rustic serene silent silver smooth snug solar spry steady sunny swift tidy
  tranquil upbeat vivid warm wise witty
`
  .trim()
  .split(/\s+/);

/** Second words of friendly names: animals, plants and landscapes. */
export const NOUNS: readonly string[] = `
  acorn albatross alder antelope aspen badger beaver birch bison bobcat brook canyon caribou cedar
  cheetah comet condor coral crane cricket cypress dolphin dove eagle egret elk ember falcon fern
  finch fjord fox gazelle gecko glacier grove harbor hare harrier hawk heron hickory ibex ibis
  island jackdaw jaguar juniper kestrel kingfisher koala lagoon lark lemur lichen lynx magpie
  maple marmot marten meadow moose newt ocelot orchid oriole osprey otter owl panda pebble pelican
  penguin petrel pine plover puffin quail raven reef robin salmon sparrow spruce stork swallow
  tapir tern thicket toucan walrus willow wombat wren
`
  .trim()
  .split(/\s+/);
