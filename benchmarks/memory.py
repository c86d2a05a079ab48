#!/usr/bin/env python3
"""Measure how much memory each function needs beyond its arrays.

This is a program of its own because the peak of a process never goes down. For
one function, it makes the inputs, calls the function on a single example (so
that BLAS allocates its buffers), notes the resident memory, and calls the
function on the whole batch. It prints by how much the peak rose beyond that,
minus the size of the output.
"""
import resource
import sys

import numpy as np

peers = __import__('peers')


def resident(field):
    """Return a field of /proc/self/status in bytes, VmRSS or VmHWM."""
    with open('/proc/self/status') as status:
        for line in status:
            if line.startswith(field + ':'):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def beyond(call, arrays):
    """Return the bytes that a call needs beyond its arrays.

    Parameters
    ----------
    call : callable
        Takes the arrays and returns an array or a tuple of arrays.
    arrays : list of numpy.ndarray
        The first axis of each is the batch.
    """
    call(*[array[:1] for array in arrays])
    before = resident('VmRSS')
    result = call(*arrays)
    results = result if isinstance(result, tuple) else (result,)
    return (resident('VmHWM') - before - sum(a.nbytes for a in results))


def main():
    """Measure the function that the command line names, on 20,000 images."""
    name, m = sys.argv[1], 20000
    rng = np.random.RandomState(0)
    W = rng.randn(5, 5, 1, 6).astype(np.float32)
    b = np.zeros((1, 1, 1, 6), np.float32)

    def images(channels, size=28):
        """Return a batch of random images, filled in place."""
        array = np.empty((m, size, size, channels), np.float32)
        for i in range(0, m, 100):
            array[i:i + 100] = rng.rand(*array[i:i + 100].shape)
        return array

    if name == 'conv_forward':
        needed = beyond(lambda A: peers.conv_forward(
            A, W, b, peers.identity), [images(1)])
    elif name == 'conv_backward':
        needed = beyond(lambda dZ, A: peers.conv_backward(dZ, A, W, b),
                        [images(6), images(1)])
    elif name == 'pool_forward':
        needed = beyond(lambda A: peers.pool_forward(A, (2, 2), (2, 2)),
                        [images(6)])
    else:
        needed = beyond(lambda dA, A: peers.pool_backward(
            dA, A, (2, 2), (2, 2)), [images(6, 14), images(6)])
    print(needed)


if __name__ == '__main__':
    main()
