#!/usr/bin/env python3
"""Run AlexNet's layers on one image and print their sizes as a table.

Krizhevsky, Sutskever, Hinton: "ImageNet Classification with Deep Convolutional
Neural Networks", NIPS 2012. The weights are random: the table shows only the
shape of each layer's output, the number of its parameters and the number of
its multiplications. Response normalization and dropout change no shape and are
left out. Where each of the paper's two GPUs saw only half of the channels,
`groups` is 2.
"""
import surroundings
if __name__ == "__main__":
    surroundings.prepare()
import numpy as np  # noqa: E402
conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward

# name, number of kernels, their size, stride, padding, groups, pooled
CONVOLUTIONS = [
    ('convolution 1', 96, 11, 4, 'valid', 1, True),
    ('convolution 2', 256, 5, 1, 'same', 2, True),
    ('convolution 3', 384, 3, 1, 'same', 1, False),
    ('convolution 4', 384, 3, 1, 'same', 2, False),
    ('convolution 5', 256, 3, 1, 'same', 2, True)]
FULLY_CONNECTED = [('fully connected 6', 4096), ('fully connected 7', 4096),
                   ('fully connected 8', 1000)]


def relu(Z):
    """Rectify: negative numbers become zero."""
    return np.maximum(Z, 0)


def layers(size=227):
    """Run one random image, size x size, through AlexNet.

    Yield each layer's name, the shape of its output for one image, and how
    many parameters and multiplications it has.
    """
    rng = np.random.RandomState(0)
    A = rng.rand(1, size, size, 3).astype(np.float32)
    yield 'image', A.shape[1:], 0, 0
    for name, c_new, k, s, padding, groups, pooled in CONVOLUTIONS:
        c_prev = A.shape[3] // groups
        W = rng.standard_normal((k, k, c_prev, c_new)).astype(np.float32)
        W *= np.sqrt(2 / (k * k * c_prev))
        b = np.zeros((1, 1, 1, c_new), np.float32)
        # each group of kernels sees its own group of channels
        A = np.concatenate([
            conv_forward(a, w, bias, relu, padding, (s, s)) for a, w, bias in
            zip(*(np.split(array, groups, axis=3) for array in (A, W, b)))],
            axis=3)                             # (1, h_new, w_new, c_new)
        yield (name, A.shape[1:], W.size + b.size, A[0, :, :, 0].size * W.size)
        if pooled:
            A = pool_forward(A, (3, 3), (2, 2))
            yield name.replace('convolution', 'pooling'), A.shape[1:], 0, 0
    A = A.reshape(1, -1)                        # (1, 9216)
    for name, n in FULLY_CONNECTED:
        W = rng.standard_normal((A.shape[1], n)).astype(np.float32)
        W *= np.sqrt(2 / len(W))
        A = relu(A @ W)                         # (1, n)
        yield name, (n,), W.size + n, W.size


def table(rows):
    """Return the lines of a Markdown table of the layers, totals last."""
    lines = ['| layer | output | parameters | multiplications |',
             '|---|---|---|---|']
    rows = list(rows)
    rows.append(('total', (), sum(row[2] for row in rows),
                 sum(row[3] for row in rows)))
    for name, shape, parameters, multiplications in rows:
        lines.append('| {} | {} | {} | {} |'.format(
            name, ' x '.join(map(str, shape)),
            *('{:,}'.format(n) if n else ''
              for n in (parameters, multiplications))))
    return lines


if __name__ == "__main__":
    print('\n'.join(table(layers())))
