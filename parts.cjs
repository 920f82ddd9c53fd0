// Who may import whom, and the sentence that explains it. Read by test/arrows.test.ts.
module.exports = {
  base: { may: [], why: 'base is what everything stands on; it imports nothing' },
  inventory: {
    may: ['base'],
    why: 'the inventory is the truth about machines and knows none of its users',
  },
  pxe: {
    may: ['base', 'inventory'],
    why: 'the organs never import one another; they meet in the inventory',
  },
  health: {
    may: ['base', 'inventory'],
    why: 'the organs never import one another; they meet in the inventory',
  },
  'cke-bridge': {
    may: ['base', 'inventory'],
    why: 'the organs never import one another; they meet in the inventory',
  },
  sabakan: {
    may: ['base', 'inventory', 'pxe', 'health', 'cke-bridge'],
    why: 'the face joins the parts; nobody below may know it',
  },
  client: {
    may: [],
    why: 'the client runs in browsers and in programs of others; its table and types are made from the contract',
  },
  cli: {
    may: ['base', 'inventory', 'sabakan', 'client'],
    only: {
      sabakan: [
        'sabakan/contract/',
        'sabakan/server.ts',
        'sabakan/migrate.ts',
        'sabakan/doctor/main.ts',
        'sabakan/make-token.ts',
        'sabakan/config-reference.ts',
      ],
    },
    why: 'the command is a client like any other; only `tetsu server` starts the face; `tetsu migrate`, `tetsu doctor --config`, `tetsu token create --config` and `tetsu explain config` need no server',
  },
  sim: {
    may: ['base', 'inventory', 'pxe', 'health', 'cke-bridge', 'sabakan'],
    deep: true,
    why: 'the simulated world is the other end of the wire, so it may use the codecs too',
  },
};
