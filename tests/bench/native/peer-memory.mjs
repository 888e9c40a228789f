// One forward pass of the peer in a process of its own, where nothing that an earlier one freed is at hand:
//   node peer-memory.mjs CASE THREADS OUTPUT
// CASE is a case of lib/cases.mjs in JSON. Writes the output to a file and prints { ms, extraBytes }, as native/memory.cpp.

import { readFileSync, writeFileSync } from 'node:fs';
import { inputsOf } from '../lib/inputs.mjs';
import { onnxruntimeNode } from '../peers/onnxruntime-node.mjs';

const [text, threads, file] = process.argv.slice(2);
const one = JSON.parse(text);
const tellsMemory = process.platform === 'linux';
const peak = () => 1024 * Number(/VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);

const peer = await onnxruntimeNode({ threads: Number(threads) });
// Its other graphs hold every score: 17 GB in the end.
const { run, result } = await peer.open(one, inputsOf(one), 'MultiHeadAttention operator');
if (tellsMemory) writeFileSync('/proc/self/clear_refs', '5');
const before = tellsMemory && peak();
const begin = performance.now();
await run();
const ms = performance.now() - begin;
const extraBytes = tellsMemory ? peak() - before : undefined;
writeFileSync(file, result());
process.stdout.write(JSON.stringify({ ms, extraBytes }));
