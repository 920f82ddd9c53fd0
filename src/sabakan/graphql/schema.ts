/** Sabakan 3.1.9's GraphQL schema, as data: clients introspect it, so names, types and orders are exact. */

import { buildSchema, GraphQLError, type GraphQLSchema } from 'graphql/index.js';

const schemaText = `
type Query {
  machine(serial: ID!): Machine!
  searchMachines(having: MachineParams, notHaving: MachineParams): [Machine!]!
}

type Mutation {
  setMachineState(serial: ID!, state: MachineState!): MachineStatus!
}

"MachineParams is a set of input parameters to search machines."
input MachineParams {
  labels: [LabelInput!] = null
  racks: [Int!] = null
  roles: [String!] = null
  states: [MachineState!] = null
  minDaysBeforeRetire: Int = null
}

"LabelInput represents a label to search machines."
input LabelInput {
  name: String!
  value: String!
}

"Machine represents a physical server in a datacenter rack."
type Machine {
  spec: MachineSpec!
  status: MachineStatus!
  info: MachineInfo!
}

"MachineSpec represents specifications of a machine."
type MachineSpec {
  serial: ID!
  labels: [Label!]
  rack: Int!
  indexInRack: Int!
  role: String!
  ipv4: [IPAddress!]!
  registerDate: DateTime!
  retireDate: DateTime!
  bmc: BMC!
}

"Label represents an arbitrary key-value pairs."
type Label {
  name: String!
  value: String!
}

"BMC represents a Baseboard Management Controller."
type BMC {
  bmcType: String!
  ipv4: IPAddress!
}

"MachineStatus represents status of a Machine."
type MachineStatus {
  state: MachineState!
  timestamp: DateTime!
  duration: Float!
}

"MachineInfo represents info of a Machine."
type MachineInfo {
  network: NetworkInfo!
  bmc: BMCInfo!
}

type NetworkInfo {
  ipv4: [NICConfig!]!
}

type BMCInfo {
  ipv4: NICConfig!
}

type NICConfig {
  address: IPAddress!
  netmask: IPAddress!
  maskbits: Int!
  gateway: IPAddress!
}

"IPAddress represents an IPv4 or IPv6 address."
scalar IPAddress

"DateTime represents date and time in RFC3339 format."
scalar DateTime

"MachineState enumerates machine states."
enum MachineState {
  UNINITIALIZED
  HEALTHY
  UNHEALTHY
  UNREACHABLE
  UPDATING
  RETIRING
  RETIRED
}
`;

/** Both scalars are text on both sides; nothing takes them as input. */
export function createSchema(): GraphQLSchema {
  const schema = buildSchema(schemaText);
  for (const name of ['IPAddress', 'DateTime']) {
    const scalar = schema.getType(name);
    if (scalar === undefined || !('serialize' in scalar)) continue;
    scalar.serialize = (value: unknown) => {
      if (typeof value === 'string') return value;
      throw new GraphQLError(`${name} cannot represent ${typeof value}`);
    };
  }
  return schema;
}
