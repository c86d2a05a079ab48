#!/usr/bin/env python3
"""Train LeNet-5 with nothing but NumPy and the functions of tasks 0 to 3.

The idea: every layer is a function that has a gradient. On the way forward,
each layer's output is kept. On the way back, the gradient of the cost passes
through the layers in reverse order and yields the gradient of each weight. The
61,706 parameters are one vector, `theta`, so Adam is a few lines.
"""
import argparse
import os
import sys

# the products of a step are small: several threads gain little, and on a busy
# machine they wait for one another
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
import numpy as np  # noqa: E402
from tqdm import tqdm  # noqa: E402
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, 'mains')]
import surroundings  # noqa: E402
conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward
conv_backward = __import__('2-conv_backward').conv_backward
pool_backward = __import__('3-pool_backward').pool_backward

# the weights and the biases of each layer
SHAPES = [(5, 5, 1, 6), (1, 1, 1, 6), (5, 5, 6, 16), (1, 1, 1, 16),
          (400, 120), (120,), (120, 84), (84,), (84, 10), (10,)]
ENDS = np.cumsum([np.prod(shape) for shape in SHAPES])
POOL = {'kernel_shape': (2, 2), 'stride': (2, 2)}
BATCH = 32  # examples per step


def split(theta):
    """Return views into theta, (61706,), with the shapes in `SHAPES`."""
    return [part.reshape(shape)
            for part, shape in zip(np.split(theta, ENDS[:-1]), SHAPES)]


def initialize(rng):
    """Return a float32 theta: He et al.'s (2015) weights, zero biases."""
    theta = np.zeros(ENDS[-1], np.float32)
    for W in split(theta)[::2]:
        W[...] = rng.randn(*W.shape) * np.sqrt(2 / np.prod(W.shape[:-1]))
    return theta


def relu(Z):
    """Rectify Z in place: nothing else needs Z."""
    return np.maximum(Z, 0, out=Z)


def forward(theta, X):
    """Return the images, X, and the output of each layer."""
    W1, b1, W2, b2, W3, b3, W4, b4, W5, b5 = split(theta)
    A1 = conv_forward(X, W1, b1, relu, 'same')      # (m, 28, 28, 6)
    P1 = pool_forward(A1, **POOL)                   # (m, 14, 14, 6)
    A2 = conv_forward(P1, W2, b2, relu, 'valid')    # (m, 10, 10, 16)
    P2 = pool_forward(A2, **POOL)                   # (m, 5, 5, 16)
    F = P2.reshape(-1, 400)                         # (m, 400)
    A3 = relu(F @ W3 + b3)                          # (m, 120)
    A4 = relu(A3 @ W4 + b4)                         # (m, 84)
    logits = A4 @ W5 + b5                           # (m, 10)
    return [X, A1, P1, A2, F, A3, A4, logits]


def cross_entropy(logits, Y):
    """Return the probabilities of all digits, and the cost of Y."""
    # the largest logit becomes 0, so that exp cannot overflow
    logits = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(logits)
    sums = powers.sum(axis=1, keepdims=True)
    right = logits[np.arange(len(Y)), Y]
    return powers / sums, float((np.log(sums[:, 0]) - right).mean())


def backward(theta, layers, Y):
    """Return the gradient of the cost, in the order of theta."""
    W1, b1, W2, b2, W3, _, W4, _, W5, _ = split(theta)
    X, A1, P1, A2, F, A3, A4, logits = layers
    dtheta = np.empty_like(theta)
    dW1, db1, dW2, db2, dW3, db3, dW4, db4, dW5, db5 = split(dtheta)

    dZ, _ = cross_entropy(logits, Y)
    dZ[np.arange(len(Y)), Y] -= 1
    dZ /= len(Y)                                    # (m, 10)
    for A_prev, W, dW, db in ((A4, W5, dW5, db5), (A3, W4, dW4, db4),
                              (F, W3, dW3, db3)):
        dW[...], db[...] = A_prev.T @ dZ, dZ.sum(axis=0)
        # where ReLU returned 0, it passes no gradient back; F is chosen by
        # max pooling from ReLU's outputs, so the same is true of F
        dZ = dZ @ W.T * (A_prev > 0)                # as A_prev
    dA2 = pool_backward(dZ.reshape(-1, 5, 5, 16), A2, **POOL)
    dZ2 = dA2 * (A2 > 0)                            # (m, 10, 10, 16)
    dP1, dW2[...], db2[...] = conv_backward(dZ2, P1, W2, b2, 'valid')
    dZ1 = pool_backward(dP1, A1, **POOL) * (A1 > 0)     # (m, 28, 28, 6)
    _, dW1[...], db1[...] = conv_backward(dZ1, X, W1, b1, 'same')
    return dtheta


class Adam:
    """Adam (Kingma and Ba, 2015), with Keras's default hyperparameters.

    Each step changes theta in place. With `last`, the learning rate falls from
    0.001 to 0 in that many steps: the last few batches then matter little.
    """

    def __init__(self, theta, last=None):
        """Start without any past gradients."""
        self.theta, self.steps, self.last = theta, 0, last
        self.mean, self.square = np.zeros_like(theta), np.zeros_like(theta)

    def step(self, gradient):
        """Move each entry of theta by about the rate, against its gradient."""
        rate = .001 * (1 - self.steps / self.last if self.last else 1)
        self.steps += 1
        self.mean += .1 * (gradient - self.mean)
        self.square += .001 * (gradient * gradient - self.square)
        # both means begin at 0: early ones are too small by these factors
        rate *= (1 - .999 ** self.steps) ** .5 / (1 - .9 ** self.steps)
        self.theta -= rate * self.mean / (np.sqrt(self.square) + 1e-7)


def evaluate(theta, X, Y):
    """Return the cost and the accuracy, computed 1,000 images at a time."""
    costs, right = [], 0
    for i in range(0, len(X), 1000):
        logits = forward(theta, X[i:i + 1000])[-1]
        costs.append(cross_entropy(logits, Y[i:i + 1000])[1])
        right += (logits.argmax(axis=1) == Y[i:i + 1000]).sum()
    return np.mean(costs), right / len(X)


def train_epoch(adam, X, Y, order):
    """Take a step for each batch, in this order; return the costs before."""
    costs = []
    for i in tqdm(range(0, len(order), BATCH), disable=None, leave=False):
        batch = order[i:i + BATCH]
        layers = forward(adam.theta, X[batch])
        costs.append(cross_entropy(layers[-1], Y[batch])[1])
        adam.step(backward(adam.theta, layers, Y[batch]))
    return costs


def draw(costs, theta, X, Y):
    """Draw the cost of each batch, the learned kernels, the worst mistakes."""
    import matplotlib.pyplot as plt
    axes = plt.axes(title='LeNet-5 from scratch: the cost of each batch',
                    xlabel='batch', ylabel='cross-entropy', yscale='log')
    axes.plot(costs, '.', markersize=1)
    plt.show()
    W1, _, W2 = split(theta)[:3]
    figure, axes = plt.subplots(7, 16, figsize=(12, 5.5))
    for row, kernels in zip(axes, np.dsplit(W1, 1) + np.dsplit(W2, 6)):
        for k, panel in enumerate(row):
            panel.axis('off')
            if k < kernels.shape[3]:
                panel.imshow(kernels[:, :, 0, k])
    figure.suptitle('The learned kernels: 6 of the first layer, then the '
                    '6 x 16 of the second')
    plt.show()
    Y_pred, _ = cross_entropy(forward(theta, X)[-1], Y)
    figure, axes = plt.subplots(2, 6, figsize=(9, 4), constrained_layout=True)
    # those whose right answer has the lowest probability
    for panel, i in zip(axes.flat, np.argsort(Y_pred[np.arange(len(Y)), Y])):
        panel.imshow(X[i, :, :, 0])
        panel.set_title(f'{Y[i]}, not {Y_pred[i].argmax()}')
        panel.axis('off')
    figure.suptitle('The validation digits that it got most wrong')
    plt.show()


def main():
    """Train for as many epochs as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--epochs', type=int, default=3,
                        help='how many epochs to train (%(default)s)')
    epochs = parser.parse_args().epochs
    if epochs < 1:
        parser.error(f'argument --epochs: {epochs} is less than 1')
    surroundings.prepare(figures=True)
    lib = surroundings.load_mnist()
    X_train, X_valid = lib['X_train'][..., None], lib['X_valid'][..., None]
    Y_train, Y_valid = lib['Y_train'], lib['Y_valid']
    rng = np.random.RandomState(0)
    theta, costs = initialize(rng), []
    adam = Adam(theta, last=epochs * -(-len(X_train) // BATCH))
    for epoch in range(epochs + 1):
        print("After {} epochs: {} cost, {} accuracy, {} validation cost, "
              "{} validation accuracy".format(
                  epoch, *evaluate(theta, X_train, Y_train),
                  *evaluate(theta, X_valid, Y_valid)))
        if epoch < epochs:
            costs += train_epoch(adam, X_train, Y_train,
                                 rng.permutation(len(X_train)))
    draw(costs, theta, X_valid, Y_valid)


if __name__ == "__main__":
    main()
