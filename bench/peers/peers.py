"""The peers that are written in Python: PyTorch, JAX, and the lectures' character model in numpy.

One line of JSON comes in, one goes out. First, unasked, goes out what is installed. Then
    {"op": "prepare", "id", "peer", "precision", "threads", "problem"}  ->  {"result": tensors by name}
    {"op": "run", "id", "times"}                                        ->  {"ms": how long that took in all}
    {"op": "drop", "id"}                                                ->  {}
and where something is wrong {"error": why}. Tensors are base64 of little-endian float64.
"""
import base64
import ctypes
import json
import signal
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

try:
    import numpy as np
except ImportError:
    np = None
try:
    import torch
except ImportError:
    torch = None


try:
    jax = version("jax")  # which is imported by the first who asks for it: that takes seconds
except PackageNotFoundError:
    jax = None


def decode(tensors):
    return {name: np.frombuffer(base64.b64decode(text), dtype="<f8") for name, text in tensors.items()}


def encode(tensors):
    return {
        name: base64.b64encode(np.ascontiguousarray(a, dtype="<f8").tobytes()).decode() for name, a in tensors.items()
    }


class TorchLayer:
    """nn.LSTM, nn.GRU or nn.RNN: forward, and backward to the input and to every parameter."""

    def __init__(self, problem, dtype):
        T, B, d, m = (problem[name] for name in "TBdm")
        tensors = decode(problem["tensors"])
        self.T, self.lengths = T, problem["lengths"]
        both = problem["bidirectional"]
        kind = getattr(torch.nn, problem["cell"])
        self.layer = kind(d, m, num_layers=problem["layers"], bidirectional=both).to(dtype)
        with torch.no_grad():
            for name, p in self.layer.named_parameters():
                p.copy_(torch.from_numpy(tensors[name].copy()).view_as(p))
        self.x = torch.from_numpy(tensors["x"].copy()).to(dtype).view(T, B, d).requires_grad_()
        self.dy = torch.from_numpy(tensors["dy"].copy()).to(dtype).view(T, B, 2 * m if both else m)

    def step(self):
        self.x.grad = None
        self.layer.zero_grad(set_to_none=True)
        if self.lengths is None:
            y, _ = self.layer(self.x)
        else:
            packed = torch.nn.utils.rnn.pack_padded_sequence(self.x, self.lengths, enforce_sorted=False)
            y, _ = torch.nn.utils.rnn.pad_packed_sequence(self.layer(packed)[0], total_length=self.T)
        y.backward(self.dy)
        return y

    def result(self):
        y = self.step()
        found = {"y": y, "x": self.x.grad, **{name: p.grad for name, p in self.layer.named_parameters()}}
        return {name: a.detach().double().numpy() for name, a in found.items()}


class TorchChar:
    """The character model's step with nn.RNN, nn.Linear and cross_entropy; Adagrad as the lectures have it."""

    def __init__(self, problem, dtype):
        self.m, self.C, self.T = (problem[name] for name in "mCT")
        self.rate, self.epsilon, self.clip = (problem[name] for name in ("learningRate", "epsilon", "clip"))
        self.rnn = torch.nn.RNN(self.C, self.m).to(dtype)
        self.out = torch.nn.Linear(self.m, self.C).to(dtype)
        self.rnn.bias_hh_l0.requires_grad_(False)  # one bias is enough
        self.params = {
            "W": self.rnn.weight_hh_l0,
            "U": self.rnn.weight_ih_l0,
            "b": self.rnn.bias_ih_l0,
            "V": self.out.weight,
            "c": self.out.bias,
        }
        self.tensors = decode(problem["tensors"])
        self.text = torch.tensor(problem["text"])
        self.dtype = dtype
        self.reset()

    def reset(self):
        with torch.no_grad():
            self.rnn.bias_hh_l0.zero_()
            for name, p in self.params.items():
                p.copy_(torch.from_numpy(self.tensors[name].copy()).view_as(p))
        self.mem = {name: torch.zeros_like(p) for name, p in self.params.items()}
        self.rewind()

    def rewind(self):
        self.at = 0
        self.h = torch.zeros(1, 1, self.m, dtype=self.dtype)

    def step(self):
        if self.at + self.T + 1 > len(self.text):
            self.rewind()
        inputs, targets = (self.text[self.at + k : self.at + k + self.T] for k in (0, 1))
        self.at += self.T
        x = torch.nn.functional.one_hot(inputs, self.C).to(self.dtype).unsqueeze(1)
        h, hT = self.rnn(x, self.h)
        loss = torch.nn.functional.cross_entropy(self.out(h.squeeze(1)), targets, reduction="sum")
        for p in self.params.values():
            p.grad = None
        loss.backward()
        with torch.no_grad():
            for name, p in self.params.items():
                g = p.grad.clamp_(-self.clip, self.clip)
                mem = self.mem[name].addcmul_(g, g)
                p.addcdiv_(g, (mem + self.epsilon).sqrt_(), value=-self.rate)
        self.h = hT.detach()
        return loss.item()

    def result(self):
        self.reset()
        first = self.step()
        found = {f"d{name}": p.grad.double().numpy().copy() for name, p in self.params.items()}
        return {"losses": np.array([first, self.step()]), **found}


class TorchTrain:
    """Training on streams of a text with nn.LSTM, nn.Linear, cross_entropy, clip_grad_value_ and Adam."""

    def __init__(self, problem, dtype):
        m, self.C, self.B, self.T = (problem[name] for name in "mCBT")
        self.rate, self.clip = problem["learningRate"], problem["clip"]
        self.rnn = torch.nn.LSTM(self.C, m).to(dtype)
        self.out = torch.nn.Linear(m, self.C).to(dtype)
        self.rnn.bias_hh_l0.requires_grad_(False).zero_()  # one bias is enough
        rnn, out = self.rnn, self.out
        theirs = (rnn.weight_hh_l0, rnn.weight_ih_l0, rnn.bias_ih_l0, out.weight, out.bias)
        self.params = dict(zip("WUbVc", theirs))
        self.tensors, self.dtype = decode(problem["tensors"]), dtype
        text = torch.tensor(problem["text"])
        self.each = (len(text) - 1) // self.B
        self.x, self.y = (text[k : k + self.each * self.B].view(self.B, self.each).T for k in (0, 1))
        self.reset()

    def reset(self):
        with torch.no_grad():
            for name, p in self.params.items():
                p.copy_(torch.from_numpy(self.tensors[name].copy()).view_as(p))
        self.adam = torch.optim.Adam(self.params.values(), lr=self.rate)
        self.at, self.state = 0, None

    def step(self):
        if self.at + self.T > self.each:
            self.at, self.state = 0, None
        inputs, targets = (a[self.at : self.at + self.T] for a in (self.x, self.y))
        self.at += self.T
        h, state = self.rnn(torch.nn.functional.one_hot(inputs, self.C).to(self.dtype), self.state)
        logits = self.out(h).flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(logits, targets.flatten(), reduction="sum") / self.B
        self.adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(self.params.values(), self.clip)
        self.adam.step()
        self.state = tuple(part.detach() for part in state)
        return loss.item()

    def result(self):
        self.reset()
        first = self.step()
        found = {f"d{name}": p.grad.double().numpy().copy() for name, p in self.params.items()}
        return {"losses": np.array([first, self.step()]), **found}


class TorchProduct:
    def __init__(self, problem, dtype):
        n, tensors = problem["n"], decode(problem["tensors"])
        self.a, self.b = (torch.from_numpy(tensors[name].copy()).to(dtype).view(n, n) for name in "ab")
        self.c = torch.zeros(n, n, dtype=dtype)

    def step(self):
        torch.mm(self.a, self.b, out=self.c)

    def result(self):
        self.step()
        return {"C": self.c.double().numpy()}


class NumpyChar:
    """The lectures' character model in columns: x_t is one-hot, a column a step, the gradient by hand."""

    def __init__(self, problem, _dtype):
        m, C = problem["m"], problem["C"]
        shapes = {"W": (m, m), "U": (m, C), "b": (m, 1), "V": (C, m), "c": (C, 1)}
        tensors = decode(problem["tensors"])
        self.start = {name: tensors[name].reshape(shape) for name, shape in shapes.items()}
        self.text, self.T, self.C = problem["text"], problem["T"], C
        self.rate, self.epsilon, self.clip = (problem[name] for name in ("learningRate", "epsilon", "clip"))
        self.reset()

    def reset(self):
        self.params = {name: a.copy() for name, a in self.start.items()}
        self.mem = {name: np.zeros_like(a) for name, a in self.start.items()}
        self.rewind()

    def rewind(self):
        self.at = 0
        self.h = np.zeros_like(self.start["b"])

    def step(self):
        T = self.T
        if self.at + T + 1 > len(self.text):
            self.rewind()
        inputs, targets = (self.text[self.at + k : self.at + k + T] for k in (0, 1))
        self.at += T
        W, U, b, V, c = (self.params[name] for name in ("W", "U", "b", "V", "c"))
        x, h, p = [], [self.h], []
        loss = 0.0
        for t in range(T):
            x.append(np.zeros((self.C, 1)))
            x[t][inputs[t]] = 1
            h.append(np.tanh(W @ h[t] + U @ x[t] + b))
            e = np.exp(V @ h[t + 1] + c)
            p.append(e / e.sum())
            loss -= np.log(p[t][targets[t], 0])
        self.grads = {name: np.zeros_like(a) for name, a in self.params.items()}
        dW, dU, db, dV, dc = (self.grads[name] for name in ("W", "U", "b", "V", "c"))
        dh_next = np.zeros_like(self.h)
        for t in reversed(range(T)):
            do = p[t].copy()
            do[targets[t]] -= 1
            dV += do @ h[t + 1].T
            dc += do
            dh = V.T @ do + dh_next
            da = (1 - h[t + 1] ** 2) * dh
            dW += da @ h[t].T
            dU += da @ x[t].T
            db += da
            dh_next = W.T @ da
        for name, g in self.grads.items():
            np.clip(g, -self.clip, self.clip, out=g)
            self.mem[name] += g * g
            self.params[name] -= self.rate * g / np.sqrt(self.mem[name] + self.epsilon)
        self.h = h[T]
        return loss

    def result(self):
        self.reset()
        first = self.step()
        found = {f"d{name}": g for name, g in self.grads.items()}
        return {"losses": np.array([first, self.step()]), **found}


KINDS = {
    ("pytorch", "layer"): TorchLayer,
    ("pytorch", "char"): TorchChar,
    ("pytorch", "train"): TorchTrain,
    ("pytorch", "product"): TorchProduct,
    ("numpy", "char"): NumpyChar,
}


def subject_of(peer, problem, request):
    if peer == "jax":
        import jax_peers

        return jax_peers.subject(problem, decode(problem["tensors"]), request["precision"])
    dtype = None
    if peer == "pytorch":
        torch.set_num_threads(request["threads"])
        dtype = torch.float64 if request["precision"] == "f64" else torch.float32
    return KINDS[peer, problem["kind"]](problem, dtype)


def answer(request, work):
    op, key = request["op"], request["id"]
    if op == "drop":
        work.pop(key, None)
        return {}
    if op == "prepare":
        peer, problem = request["peer"], request["problem"]
        work[key] = subject_of(peer, problem, request), peer, request["threads"]
        return {"result": encode(work[key][0].result())}
    subject, peer, threads = work[key]
    if peer == "pytorch":
        torch.set_num_threads(threads)
    start = time.perf_counter()
    for _ in range(request["times"]):
        subject.step()
    return {"ms": 1000 * (time.perf_counter() - start)}


def kernels_of_numpy():
    """The processor whose kernels the OpenBLAS runs that numpy came with; None where it came with none that says so."""
    for path in Path(np.__file__).parents[1].glob("numpy.libs/*openblas*"):
        library = ctypes.CDLL(str(path))
        for name in ("scipy_openblas_get_corename64_", "openblas_get_corename64_", "openblas_get_corename"):
            if hasattr(library, name):
                corename = getattr(library, name)
                corename.restype = ctypes.c_char_p
                return corename().decode()
    return None


def say(reply):
    print(json.dumps(reply), flush=True)


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks ends this, by ending its input
    say(
        {
            "numpy": np.__version__ if np else None,
            "kernels": kernels_of_numpy() if np else None,
            "torch": torch.__version__ if torch and np else None,
            "jax": jax if np else None,
            "threads": torch.get_num_threads() if torch else 1,
        }
    )
    work = {}
    for line in sys.stdin:
        try:
            reply = answer(json.loads(line), work)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}".splitlines()[0]}
        say(reply)


if __name__ == "__main__":
    main()
