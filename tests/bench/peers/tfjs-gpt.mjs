// The GPT of the training benchmark in TensorFlow.js, from the same initial weights, with its own Adam. Its WebAssembly
// backend has no gradient of gather, so that tokens are rows of an identity matrix here.

/** tf: TensorFlow.js with `backend` in use; the workload of our model; weights: its state dict, as { shape, data }. */
export function tfjsGpt(tf, name, { config: { vocabSize, maxLength: T, dModel: D, numHeads: H, numLayers }, batch: B, tokens, targets, lr }, weights) {
  const variables = Object.fromEntries(Object.entries(weights).map(([key, { shape, data }]) => [key, tf.variable(tf.tensor(data, shape))]));
  const oneHot = (classes) => tf.cast(tf.oneHot(tf.tensor(classes, [B * T], 'int32'), vocabSize), 'float32');
  const [given, wanted] = [oneHot(tokens), oneHot(targets)];
  const mask = tf.tensor(Float32Array.from({ length: T * T }, (_, i) => (i % T > Math.floor(i / T) ? -1e9 : 0)), [1, 1, T, T]);

  const linear = (x, at) => tf.add(tf.matMul(x, variables[`${at}.weight`], false, true), variables[`${at}.bias`]);
  const layerNorm = (x, at) => {
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const variance = tf.mean(tf.square(centred), -1, true);
    return tf.add(tf.mul(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5))), variables[`${at}.weight`]), variables[`${at}.bias`]);
  };
  const attention = (x, at) => {
    const projected = tf.add(tf.matMul(x, variables[`${at}.in_proj_weight`], false, true), variables[`${at}.in_proj_bias`]);
    const [q, k, v] = tf.unstack(tf.transpose(tf.reshape(projected, [B, T, 3, H, D / H]), [2, 0, 3, 1, 4]));
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(D / H)), mask);
    const z = tf.matMul(tf.softmax(scores), v);
    return linear(tf.reshape(tf.transpose(z, [0, 2, 1, 3]), [B * T, D]), `${at}.out_proj`);
  };
  const loss = () => {
    let x = tf.matMul(given, variables['embed.weight']);
    x = tf.reshape(tf.add(tf.reshape(x, [B, T, D]), variables['positions.weight']), [B * T, D]);
    for (let i = 0; i < numLayers; i += 1) {
      x = tf.add(x, attention(layerNorm(x, `blocks.${i}.ln1`), `blocks.${i}.attn`));
      const inner = tf.relu(linear(layerNorm(x, `blocks.${i}.ln2`), `blocks.${i}.mlp.0`));
      x = tf.add(x, linear(inner, `blocks.${i}.mlp.2`));
    }
    const logits = tf.matMul(layerNorm(x, 'ln_f'), variables['head.weight'], false, true);
    return tf.neg(tf.mean(tf.sum(tf.mul(tf.logSoftmax(logits), wanted), -1)));
  };

  const optimizer = tf.train.adam(lr);
  return {
    name,
    role: 'peer',
    run() { optimizer.minimize(loss, true).dispose(); },
    /** The loss, then the gradients of all weights by name. */
    output: () => tf.tidy(() => {
      const { value, grads } = tf.variableGrads(loss);
      const byName = Object.keys(variables).sort().map((key) => grads[variables[key].name].dataSync());
      return Float32Array.from([value.dataSync()[0], ...byName.flatMap((numbers) => [...numbers])]);
    }),
  };
}
