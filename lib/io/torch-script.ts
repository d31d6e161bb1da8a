/**
 * The script that goes on training a run in PyTorch, in one process or in several by DistributedDataParallel. It has what the run
 * has and nothing else, so that it can be read. What it does that PyTorch by itself would not (one bias is trained where there are
 * two, a gate's matrices have norms of their own, Adagrad has ε under the root) is derived in `derivations/exchange.md`.
 */
import type { OptimiserName, RateSchedule } from '../models/char-options.ts';
import type { CharTrainer } from '../models/char-trainer.ts';

/** What an optimiser remembers of every parameter: our name of it, and PyTorch's. */
export const torchMemory: Readonly<Record<OptimiserName, Readonly<Record<string, string>>>> = {
  adagrad: { mem: 'sum' },
  sgd: {},
  rmsprop: { v: 'square_avg' },
  adam: { m: 'exp_avg', v: 'exp_avg_sq' },
};

/** What makes each, of the parameters that are trained. */
const OPTIMISERS: Readonly<Record<OptimiserName, string>> = {
  adagrad: 'Adagrad(trained.values(), lr=LEARNING_RATE)',
  sgd: 'torch.optim.SGD(trained.values(), lr=LEARNING_RATE)',
  rmsprop: 'torch.optim.RMSprop(trained.values(), lr=LEARNING_RATE, alpha=0.99, eps=1e-8)',
  adam: 'torch.optim.Adam(trained.values(), lr=LEARNING_RATE)',
};

/** The module of each cell, what it is told beside its sizes, and how many gates it has. */
const MODULES: Readonly<Record<string, { readonly module: string; readonly told: string; readonly gates: number }>> = {
  rnn: { module: 'RNN', told: '', gates: 1 },
  'rnn-relu': { module: 'RNN', told: ', nonlinearity="relu"', gates: 1 },
  gru: { module: 'GRU', told: '', gates: 3 },
  lstm: { module: 'LSTM', told: '', gates: 4 },
};

/** The script of a run as it stands, in Python. Its cell is one that PyTorch has. */
export function torchScript(trainer: CharTrainer): string {
  const { optimiser, schedule } = trainer.options;
  const definitions = [
    netOf(trainer),
    optimiser === 'adagrad' ? ADAGRAD : '',
    schedule ? rateOf(schedule) : '',
    clipOf(trainer),
    mainOf(trainer),
  ];
  return [headOf(trainer), ...definitions.filter(text => text !== ''), LAST].join('\n\n');
}

/** A line where there is to be one. */
const when = (is: boolean, line: string): string => (is ? `${line}\n` : '');

function headOf({ model, options, position, train }: CharTrainer): string {
  const { batch, chunk, dropout, schedule } = options;
  return `"""Goes on training a character model that bptt began, in PyTorch and in float64.

    pip install torch numpy safetensors
    torchrun --standalone --nproc-per-node 2 THIS.py --steps 20

Streams of the text are read side by side, ${batch} in all; each process has its part of them. Prints step and loss, in nats a
symbol, and writes THIS.trained.safetensors in the end, which bptt import reads. Beside it lie THIS.safetensors, the
parameters; THIS.memory.safetensors, the state, and what the optimiser remembers; THIS.json, the text and its symbols.
${when(dropout > 0, 'What is dropped is drawn by PyTorch: it is not what bptt would drop.')}"""

import argparse
import json
${when(schedule !== null, 'import math')}from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import distributed, nn
from torch.nn.functional import cross_entropy${model.embedding === null ? ', one_hot' : ''}

HERE = Path(__file__)
STREAMS, CHUNK = ${batch}, ${chunk}
STEP, POSITION = ${position.step}, ${position.position}  # steps made, and where in its stream the next chunk begins
TRAINED = ${train.length}  # symbols of the text; what is behind them is held out
LEARNING_RATE = ${position.learningRate}
`;
}

function netOf({ model, options: { dropout } }: CharTrainer): string {
  const { cell, m, layers, embedding, vocabulary } = model;
  const C = vocabulary.size;
  const { module, told } = MODULES[cell.name] ?? {};
  const between = dropout > 0 && layers > 1 ? `, dropout=${dropout}` : '';
  const isGru = module === 'GRU';
  const comment = isGru ? '# of two biases one is trained, but inside the reset' : '# of two biases one is trained';
  return `class Net(nn.Module):
    """Symbols [T, B] to the logits of the next ones, and a state to that after them."""

    def __init__(self):
        super().__init__()
${when(embedding !== null, `        self.embedding = nn.Embedding(${C}, ${embedding})`)}\
        self.rnn = nn.${module}(${embedding ?? C}, ${m}, ${layers}${told}${between})
${when(dropout > 0, `        self.dropout = nn.Dropout(${dropout})`)}\
        self.readout = nn.Linear(${m}, ${C})
        for name, bias in self.rnn.named_parameters():
            if name.startswith("bias_hh"):  ${comment}
${when(!isGru, '                bias.requires_grad_(False)')}\
${when(isGru, `                bias.register_hook(lambda grad: torch.cat([torch.zeros(${2 * m}), grad[${2 * m}:]]))`)}\

    def forward(self, symbols, state):
        h, state = self.rnn(${embedding === null ? `one_hot(symbols, ${C}).double()` : 'self.embedding(symbols)'}, state)
        return self.readout(${dropout > 0 ? 'self.dropout(h)' : 'h'}), state
`;
}

const ADAGRAD = `class Adagrad(torch.optim.Optimizer):
    """That of bptt has eps under the root."""

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["sum"] += p.grad**2
                p -= group["lr"] * p.grad / torch.sqrt(self.state[p]["sum"] + 1e-8)
`;

/** As `rateFactor` has it. */
function rateOf({ steps, warmUp }: RateSchedule): string {
  const isUp = `    if n < ${warmUp}:\n        return LEARNING_RATE * (n + 1) / ${warmUp + 1}`;
  return `def learning_rate(n):
    """Of the step after n: ${warmUp > 0 ? 'up in equal steps, then ' : ''}half a wave down to a hundredth."""
${when(warmUp > 0, isUp)}\
    part = min((n - ${warmUp}) / ${steps - warmUp}, 1)
    return LEARNING_RATE * (0.01 + 0.99 * (1 + math.cos(math.pi * part)) / 2)
`;
}

function clipOf({ model, options: { clipNorm, clipValue } }: CharTrainer): string {
  if (clipNorm === null && clipValue === null) return '';
  const { gates = 1 } = MODULES[model.cell.name] ?? {};
  const parts = gates === 1 ? '[grad]' : `grad.chunk(${gates}) if name.startswith("rnn.") else [grad]`;
  const byNorm = `    for part in ${parts}:${gates === 1 ? '' : '  # each gate by itself'}
        norm = part.norm()
        if norm >= ${clipNorm}:
            part *= ${clipNorm} / norm`;
  return `def clip(name, grad):
${when(clipNorm !== null, byNorm)}${when(clipValue !== null, `    grad.clamp_(-${clipValue}, ${clipValue})`)}`;
}

function mainOf({ model, options, optimiser, position }: CharTrainer): string {
  const { cell, level } = model;
  const { dropout, seed, schedule, clipNorm, clipValue } = options;
  const isClipped = clipNorm !== null || clipValue !== null;
  const keys = Object.values(torchMemory[options.optimiser]).map(key => `"${key}"`);
  const steps = optimiser.memory.t?.[0] ?? position.step;
  const remembered = `    for name, p in trained.items():
        kept = {key: memory[f"{key}.{name}"] for key in [${keys.join(', ')}]}
        optimiser.state[p].update(step=torch.tensor(${steps}.0), **kept)`;
  const byClass = `    classes = {symbol: k for k, symbol in enumerate(run["vocabulary"])}
    symbols = torch.tensor([classes[symbol] for symbol in run["text"]])`;
  const isLstm = cell.name === 'lstm';
  return `def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=100)
    steps = parser.parse_args().steps
    torch.set_default_dtype(torch.float64)
    distributed.init_process_group("gloo")
    rank, world = distributed.get_rank(), distributed.get_world_size()
    if world > STREAMS:
        raise SystemExit(f"{world} processes, each of which needs a stream: there are {STREAMS}")
${when(dropout > 0, `    torch.manual_seed(${seed} + (STEP << 8) + rank)`)}
    run = json.loads(HERE.with_suffix(".json").read_text(encoding="utf-8"))
${when(level === 'byte', '    symbols = torch.tensor(list(run["text"].encode()))')}${when(level !== 'byte', byClass)}\
    each = (TRAINED - 1) // STREAMS
    own = slice(rank, STREAMS, world)  # the streams of this process
    x, y = (symbols[k : k + each * STREAMS].view(STREAMS, each).T[:, own] for k in (0, 1))

    net = Net()
    net.load_state_dict(load_file(HERE.with_suffix(".safetensors")))
    memory = load_file(HERE.with_suffix(".memory.safetensors"))
    trained = {name: p for name, p in net.named_parameters() if p.requires_grad}
    optimiser = ${OPTIMISERS[options.optimiser]}
${when(keys.length > 0, remembered)}\
${when(isLstm, '    state = tuple(memory[f"state.{part}"][:, own].contiguous() for part in "hc")')}\
${when(!isLstm, '    state = memory["state.h"][:, own].contiguous()')}\

    position = POSITION
    parallel = nn.parallel.DistributedDataParallel(net)
    for n in range(STEP, STEP + steps):
        if position + CHUNK > each:  # the text begins anew
            position, state = 0, ${isLstm ? 'tuple(torch.zeros_like(part) for part in state)' : 'torch.zeros_like(state)'}
        logits, state = parallel(x[position : position + CHUNK], state)
        state = ${isLstm ? 'tuple(part.detach() for part in state)' : 'state.detach()'}
        targets = y[position : position + CHUNK]
        loss = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum") / STREAMS
        optimiser.zero_grad()
        (world * loss).backward()  # of the processes' gradients their mean is taken
${when(isClipped, '        for name, p in trained.items():\n            clip(name, p.grad)')}\
${when(schedule !== null, '        for group in optimiser.param_groups:\n            group["lr"] = learning_rate(n)')}\
        optimiser.step()
        position += CHUNK
        total = loss.detach()
        distributed.all_reduce(total)
        if rank == 0:
            print(f"{n + 1},{total.item() / CHUNK}", flush=True)
    if rank == 0:
        metadata = {"cell": "${cell.name}", "vocabulary": json.dumps(run["vocabulary"])}
        save_file(net.state_dict(), HERE.with_suffix(".trained.safetensors"), metadata)
    distributed.destroy_process_group()
`;
}

const LAST = `if __name__ == "__main__":
    main()
`;
