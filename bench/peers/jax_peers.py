"""The peers that are in JAX: lax.scan under jit, compiled for the CPU, on one thread."""
import os

os.environ["PJRT_NPROC"] = "1"  # read when JAX first computes: as many threads as it then takes

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)


def lstm(W, _b, xu, state):
    h, c = state
    i, f, g, o = jnp.split(xu + h @ W.T, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def gru(W, b, xu, state):
    (h,) = state
    xr, xz, xn = jnp.split(xu, 3, axis=-1)
    hr, hz, hn = jnp.split(h @ W.T + b, 3, axis=-1)
    z = jax.nn.sigmoid(xz + hz)
    n = jnp.tanh(xn + jax.nn.sigmoid(xr + hr) * hn)
    return ((1 - z) * n + z * h,)


def rnn(W, _b, xu, state):
    return (jnp.tanh(xu + state[0] @ W.T),)


CELLS = {"LSTM": (lstm, 2), "GRU": (gru, 1), "RNN": (rnn, 1)}


def through_time(cell, params, suffix, x, counts, reverse):
    """One direction of a layer over x [T, B, d], from zeros; where counts [T, B, 1] is false, the state stays and 0 comes out."""
    step, parts = CELLS[cell]
    U, W, b, b_h = (params[f"{name}_{suffix}"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    xu = x @ U.T + b  # of all steps at once
    zeros = jnp.zeros((x.shape[1], W.shape[1]), x.dtype)

    def body(state, inputs):
        a, count = inputs
        after = step(W, b_h, a, state)
        if count is None:
            return after, after[0]
        after = tuple(jnp.where(count, new, old) for new, old in zip(after, state))
        return after, jnp.where(count, after[0], 0)

    return lax.scan(body, (zeros,) * parts, (xu, counts), reverse=reverse)[1]


class JaxLayer:
    """lax.scan over the steps, the input's products before it; forward, and by jax.vjp back to the input and every parameter."""

    def __init__(self, problem, tensors, dtype):
        T, B, d, m = (problem[name] for name in "TBdm")
        both, layers, cell = problem["bidirectional"], problem["layers"], problem["cell"]
        self.params = {}
        for name, numbers in tensors.items():
            if name.startswith("bias"):
                self.params[name] = jnp.asarray(numbers, dtype)
            elif name.startswith("weight"):
                columns = d if name.startswith("weight_ih_l0") else m
                self.params[name] = jnp.asarray(numbers.reshape(-1, columns), dtype)
        self.x = jnp.asarray(tensors["x"].reshape(T, B, d), dtype)
        self.dy = jnp.asarray(tensors["dy"].reshape(T, B, -1), dtype)
        lengths = problem["lengths"]
        counts = None if lengths is None else jnp.asarray(np.arange(T)[:, None, None] < np.array(lengths)[:, None])

        def forward(params, x):
            for l in range(layers):
                ways = [("", False), ("_reverse", True)] if both else [("", False)]
                ys = [through_time(cell, params, f"l{l}{way}", x, counts, reverse) for way, reverse in ways]
                x = jnp.concatenate(ys, axis=-1) if both else ys[0]
            return x

        @jax.jit
        def gradient(params, x, dy):
            y, back = jax.vjp(forward, params, x)
            return y, *back(dy)

        self.gradient = gradient

    def step(self):
        return jax.block_until_ready(self.gradient(self.params, self.x, self.dy))

    def result(self):
        y, dparams, dx = self.step()
        return {name: np.asarray(a, "<f8") for name, a in {"y": y, "x": dx, **dparams}.items()}


def result_of_two(training):
    """The losses of the first two steps, and the first one's gradients."""
    training.reset()
    first = training.step()
    found = {f"d{name}": np.asarray(g, "<f8") for name, g in training.grads.items()}
    return {"losses": np.array([first, training.step()]), **found}


class JaxChar:
    """The character model's step, all of it compiled: lax.scan, jax.value_and_grad, the clip and the lectures' Adagrad."""

    def __init__(self, problem, tensors, dtype):
        m, C, T = (problem[name] for name in "mCT")
        rate, epsilon, clip = (problem[name] for name in ("learningRate", "epsilon", "clip"))
        shapes = {"W": (m, m), "U": (m, C), "b": (m,), "V": (C, m), "c": (C,)}
        self.start = {name: jnp.asarray(tensors[name].reshape(shape), dtype) for name, shape in shapes.items()}
        self.text, self.T = jnp.asarray(problem["text"]), T
        self.zeros = jnp.zeros(m, dtype)

        def loss_of(params, inputs, targets, h):
            W, U, b, V, c = (params[name] for name in "WUbVc")

            def body(h, xu):
                h = jnp.tanh(xu + W @ h)
                return h, h

            hT, hs = lax.scan(body, h, U.T[inputs] + b)
            log_p = jax.nn.log_softmax(hs @ V.T + c)
            return -jnp.take_along_axis(log_p, targets[:, None], axis=1).sum(), hT

        @jax.jit
        def update(params, mem, text, at, h):
            inputs, targets = (lax.dynamic_slice(text, (at + k,), (T,)) for k in (0, 1))
            (loss, h), grads = jax.value_and_grad(loss_of, has_aux=True)(params, inputs, targets, h)
            grads = {name: jnp.clip(g, -clip, clip) for name, g in grads.items()}
            mem = {name: mem[name] + g * g for name, g in grads.items()}
            params = {name: p - rate * grads[name] / jnp.sqrt(mem[name] + epsilon) for name, p in params.items()}
            return params, mem, h, loss, grads

        self.update = update
        self.reset()

    def reset(self):
        self.params, self.mem = self.start, {name: jnp.zeros_like(p) for name, p in self.start.items()}
        self.at, self.h = 0, self.zeros

    def step(self):
        if self.at + self.T + 1 > len(self.text):
            self.at, self.h = 0, self.zeros
        done = self.update(self.params, self.mem, self.text, self.at, self.h)
        self.params, self.mem, self.h, loss, self.grads = done
        self.at += self.T
        return loss.item()

    def result(self):
        return result_of_two(self)


class JaxTrain:
    """Training on streams of a text, a step compiled as a whole: lax.scan, jax.value_and_grad, the clip and Adam."""

    def __init__(self, problem, tensors, dtype):
        m, C, B, T = (problem[name] for name in "mCBT")
        rate, clip, (beta1, beta2, epsilon) = problem["learningRate"], problem["clip"], (0.9, 0.999, 1e-8)
        shapes = {"W": (4 * m, m), "U": (4 * m, C), "b": (4 * m,), "V": (C, m), "c": (C,)}
        self.start = {name: jnp.asarray(tensors[name].reshape(shape), dtype) for name, shape in shapes.items()}
        self.zeros, self.T, self.each = (jnp.zeros((B, m), dtype),) * 2, T, (len(problem["text"]) - 1) // B
        text = np.array(problem["text"])
        self.x, self.y = (jnp.asarray(text[k : k + self.each * B].reshape(B, self.each).T) for k in (0, 1))

        def loss_of(params, inputs, targets, state):
            W, U, b, V, c = (params[name] for name in "WUbVc")

            def body(state, xu):
                state = lstm(W, None, xu, state)
                return state, state[0]

            state, hs = lax.scan(body, state, U.T[inputs] + b)
            log_p = jax.nn.log_softmax(hs @ V.T + c)
            return -jnp.take_along_axis(log_p, targets[..., None], axis=-1).sum() / B, state

        @jax.jit
        def update(params, mean, square, n, x, y, at, state):
            inputs, targets = (lax.dynamic_slice_in_dim(a, at, T) for a in (x, y))
            (loss, state), grads = jax.value_and_grad(loss_of, has_aux=True)(params, inputs, targets, state)
            grads = {name: jnp.clip(g, -clip, clip) for name, g in grads.items()}
            mean = {name: beta1 * mean[name] + (1 - beta1) * g for name, g in grads.items()}
            square = {name: beta2 * square[name] + (1 - beta2) * g * g for name, g in grads.items()}
            first, second = 1 - beta1**n, 1 - beta2**n
            step = {name: mean[name] / first / (jnp.sqrt(square[name] / second) + epsilon) for name in grads}
            return {name: p - rate * step[name] for name, p in params.items()}, mean, square, state, loss, grads

        self.update = update
        self.reset()

    def reset(self):
        zeros = {name: jnp.zeros_like(p) for name, p in self.start.items()}
        self.params, self.mean, self.square, self.made = self.start, zeros, zeros, 0
        self.at, self.state = 0, self.zeros

    def step(self):
        if self.at + self.T > self.each:
            self.at, self.state = 0, self.zeros
        self.made += 1
        memory = self.params, self.mean, self.square, float(self.made)
        self.params, self.mean, self.square, self.state, loss, self.grads = self.update(
            *memory, self.x, self.y, self.at, self.state
        )
        self.at += self.T
        return loss.item()

    def result(self):
        return result_of_two(self)


class JaxProduct:
    def __init__(self, problem, tensors, dtype):
        n = problem["n"]
        self.a, self.b = (jnp.asarray(tensors[name].reshape(n, n), dtype) for name in "ab")
        self.product = jax.jit(jnp.matmul)

    def step(self):
        return self.product(self.a, self.b).block_until_ready()

    def result(self):
        return {"C": np.asarray(self.step(), "<f8")}


KINDS = {"layer": JaxLayer, "char": JaxChar, "train": JaxTrain, "product": JaxProduct}


def subject(problem, tensors, precision):
    return KINDS[problem["kind"]](problem, tensors, jnp.float64 if precision == "f64" else jnp.float32)
