// The GPT of the training benchmarks, as a user of the module trains one.

/** weights: what another's weights() gave, to begin with, or none: the model's own first values. */
export function oursGpt(attn, name, { config, batch, tokens, targets, lr, optimizer: kind, maxNorm }, weights) {
  const model = new attn.models.GPT(config);
  const tensor = ({ data, shape }) => attn.tensor(data, { shape });
  if (weights) attn.scope(() => model.loadStateDict(Object.fromEntries(Object.entries(weights).map(([key, x]) => [key, tensor(x)]))));
  const parameters = model.parameters();
  const optimizer = new attn.optim[kind](parameters, { lr });
  const classes = { shape: [batch, config.maxLength], dtype: 'int32' };
  const [given, wanted] = [attn.tensor(tokens, classes), attn.tensor(targets, classes)];
  const byName = () => model.namedParameters().sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    name,
    role: 'ours',
    run() {
      attn.scope(() => { model.loss(given, wanted).backward(); });
      if (maxNorm) attn.optim.clipGradNorm(parameters, maxNorm);
      optimizer.step();
      optimizer.zeroGrad();
    },
    /** The loss, then the gradients of all parameters by name. */
    output() {
      const loss = model.loss(given, wanted);
      loss.backward();
      const numbers = Float32Array.from([loss.item(), ...byName().flatMap(([, parameter]) => [...parameter.grad.data()])]);
      optimizer.zeroGrad();
      loss.dispose();
      return numbers;
    },
    weights: () => Object.fromEntries(Object.entries(model.stateDict()).map(([key, x]) => [key, { shape: x.shape, data: x.data() }])),
    /** The numbers of all parameters by name, each once. */
    numbers: () => byName().map(([, parameter]) => parameter.data()),
  };
}
