// The GPT of the training benchmark, as a user of the module trains one.

/** weights: a state dict as { shape, data } to begin with, or none: the model's own first values. */
export function oursGpt(attn, name, { lr, ...config }, weights, tokens, targets) {
  const model = new attn.models.GPT(config);
  const tensor = ({ data, shape }) => attn.tensor(data, { shape });
  if (weights) attn.scope(() => model.loadStateDict(Object.fromEntries(Object.entries(weights).map(([key, x]) => [key, tensor(x)]))));
  const optimizer = new attn.optim.Adam(model.parameters(), { lr });
  const batch = { shape: [tokens.length / config.maxLength, config.maxLength], dtype: 'int32' };
  const [given, wanted] = [attn.tensor(tokens, batch), attn.tensor(targets, batch)];
  return {
    name,
    role: 'ours',
    run() {
      attn.scope(() => { model.loss(given, wanted).backward(); });
      optimizer.step();
      optimizer.zeroGrad();
    },
    /** The loss, then the gradients of all weights by name. */
    output() {
      const loss = model.loss(given, wanted);
      loss.backward();
      const byName = model.namedParameters().sort(([a], [b]) => (a < b ? -1 : 1));
      const numbers = Float32Array.from([loss.item(), ...byName.flatMap(([, parameter]) => [...parameter.grad.data()])]);
      optimizer.zeroGrad();
      loss.dispose();
      return numbers;
    },
    weights: () => Object.fromEntries(Object.entries(model.stateDict()).map(([key, x]) => [key, { shape: x.shape, data: x.data() }])),
  };
}
