// Writes small ONNX models: as much of the protobuf encoding and of onnx.proto as a graph of float32 operators needs.

const text = new TextEncoder();

function varint(value) {
  const bytes = [];
  let left = value;
  for (; left >= 128; left = Math.floor(left / 128)) bytes.push((left % 128) | 128);
  return [...bytes, left];
}

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const whole = (field, value) => Uint8Array.from([...varint(field << 3), ...varint(value)]);
const float = (field, value) => joined([varint((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer)]);
const bytes = (field, value) => joined([varint((field << 3) | 2), varint(value.length), value]);
const string = (field, value) => bytes(field, text.encode(value));
const message = (field, ...parts) => bytes(field, joined(parts));

const FLOAT32 = 1;
const INT32 = 6;

const shapeOf = (dims) => message(2, ...dims.map((size) => message(1, whole(1, size)))); // TensorShapeProto
const valueInfo = (field, name, dims) => message(field, string(1, name), message(2, message(1, whole(1, FLOAT32), shapeOf(dims))));

const tensor = (name, { dims, data }) => message(5,
  ...dims.map((size) => whole(1, size)),
  whole(2, data instanceof Int32Array ? INT32 : FLOAT32),
  string(8, name),
  bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));

/** An attribute is [kind, value], since JavaScript does not tell 1 from 1.0. */
const attributeKinds = {
  float: (value) => [float(2, value), whole(20, 1)],
  int: (value) => [whole(3, value), whole(20, 2)],
  ints: (value) => [...value.map((item) => whole(8, item)), whole(20, 7)],
};

const node = ({ op, inputs, output, attributes = {}, domain = '' }) => message(1,
  ...inputs.map((name) => string(1, name)),
  string(2, output),
  string(4, op),
  ...Object.entries(attributes).map(([name, [kind, value]]) => message(5, string(1, name), ...attributeKinds[kind](value))),
  string(7, domain));

/**
 * A model's bytes. nodes: [{ op, inputs, output, attributes?, domain? }] in order; inputs and outputs: { name: dims };
 * constants: { name: { dims, data: Float32Array | Int32Array } }.
 */
export const onnxModel = ({ nodes, inputs, outputs, constants = {} }) => joined([
  whole(1, 10), // the version of the format that came with operator set 23
  message(7,
    ...nodes.map(node),
    string(2, 'bench'),
    ...Object.entries(constants).map(([name, value]) => tensor(name, value)),
    ...Object.entries(inputs).map(([name, dims]) => valueInfo(11, name, dims)),
    ...Object.entries(outputs).map(([name, dims]) => valueInfo(12, name, dims))),
  message(8, string(1, ''), whole(2, 23)),
  message(8, string(1, 'com.microsoft'), whole(2, 1)),
]);
